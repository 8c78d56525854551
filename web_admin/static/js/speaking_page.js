// A call speaks on the page where it was answered last, and on no other that the same person or account has open:
// each would take the sound from the other. The mark is kept with the tab, so that it outlives a reload.

const KEY = "menjin-speaks";
const markOf = ({ callId, since }) => `${callId} ${since}`;

export const speaksHere = (call) => sessionStorage.getItem(KEY) === markOf(call);

export const speakHere = (call) => sessionStorage.setItem(KEY, markOf(call));
