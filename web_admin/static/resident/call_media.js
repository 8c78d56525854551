// Sound and picture on the page of a call, where it was answered on this page.

import { follow, warmUp } from "../js/call_media.js";
import { speaksHere } from "../js/speaking_page.js";

const show = (call) => {
  const isHere = call.state === "mine" && speaksHere(call);
  follow(isHere ? { turn: call.turn, address: call.address, media: call.media } : null);
};

document.addEventListener("menjin-call", ({ detail }) => show(detail));
const { dataset } = document.querySelector("[data-call]");
if (dataset.state === "rings") warmUp();
show(dataset);
