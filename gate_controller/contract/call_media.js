// Sound and picture of a call, from the page at the gate to the page of who answers, and of no one else.
//
// What the pages must know of each other travels in a few fields (`MediaSide` in call_media.py, beside this
// file), never as a description of a browser's own making. Each page builds the other's description here from
// those fields, so that neither can make the other's browser take anything but this: one sound each way (Opus)
// and one picture from the gate (VP8), encrypted with the key whose digest came along. All addresses go at once.

const MOST_CANDIDATES = 8;
const MOST_RELAYS = 2;
const GATHERING_SECONDS = 1;
const OPUS = 111;
const VP8 = 96;
const NUMBERED = [
  `a=rtpmap:${OPUS} opus/48000/2`,
  `a=rtpmap:${VP8} VP8/90000`,
  // Which of the two a packet belongs to, and when it came: by that the sender learns how much the way carries.
  "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid",
  "a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
];
const UFRAG = /^[A-Za-z0-9+/]{4,16}$/;
const PASSWORD = /^[A-Za-z0-9+/]{22,40}$/;
const FINGERPRINT = /^[A-Za-z0-9+/]{43}=$/;
const ADDRESS = /^([0-9]{1,3}(\.[0-9]{1,3}){3}|[0-9a-f:]{2,39}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.local)$/;
// A browser knocks at what it is given: never at this machine, a group, a link's own addresses or a system's services.
const LEAST_PORT = 1024;
const NO_ONE_MACHINE = /^(0|127|169\.254|22[4-9]|2[3-5][0-9])\./;
const GLOBAL_OR_LOCAL = /^([23][0-9a-f]{3}|f[cd][0-9a-f]{2}):/;
const PREFERENCE = { host: 126, srflx: 100, relay: 0 };
const OWN_CANDIDATE = /^a=candidate:\S+ 1 udp [0-9]+ (\S+) ([0-9]+) typ (host|srflx|relay)\b/i;

export class MediaRefused extends Error {}

// -- the fields ------------------------------------------------------------------------------------

/** Return a side that came from the other page; throw MediaRefused on anything but its fields. */
export function checkedSide(side) {
  const isOne = hasOnly(side, "candidates,fingerprint,pwd,ufrag")
    && fits(UFRAG, side.ufrag) && fits(PASSWORD, side.pwd) && fits(FINGERPRINT, side.fingerprint)
    && Array.isArray(side.candidates) && side.candidates.length <= MOST_CANDIDATES
    && side.candidates.every(isCandidate);
  if (!isOne) throw new MediaRefused("These are not the fields of a call's other side.");
  return side;
}

function hasOnly(thing, names) {
  return thing !== null && typeof thing === "object" && Object.keys(thing).sort().join() === names;
}

function fits(pattern, text) {
  return typeof text === "string" && pattern.test(text);
}

function isCandidate(one) {
  return hasOnly(one, "address,kind,port") && Object.hasOwn(PREFERENCE, one.kind) && fits(ADDRESS, one.address)
    && isOfOneMachine(one.address)
    && Number.isInteger(one.port) && one.port >= LEAST_PORT && one.port < 65536;
}

function isOfOneMachine(address) {
  if (address.endsWith(".local")) return true;
  const isLong = address.includes(":");
  const url = `http://${isLong ? `[${address}]` : address}`;
  const written = URL.canParse(url) ? new URL(url).hostname : "";
  if (isLong) return GLOBAL_OR_LOCAL.test(written.slice(1));
  return written === address && !NO_ONE_MACHINE.test(address);
}

/** Return the fields of this browser's own description; throw MediaRefused where it is none of this kind. */
export function sideOf(sdp) {
  const lines = sdp.split(/\r?\n/);
  const value = (name) => lines.find((line) => line.startsWith(`a=${name}:`))?.slice(name.length + 3) ?? "";
  const missing = NUMBERED.filter((line) => !lines.includes(line));
  if (missing.length) throw new MediaRefused(`This browser has no ${missing}.`);
  return checkedSide({
    ufrag: value("ice-ufrag"),
    pwd: value("ice-pwd"),
    fingerprint: digestOf(value("fingerprint")),
    candidates: ownCandidates(lines),
  });
}

function digestOf(fingerprint) {
  const [kind, digest = ""] = fingerprint.split(" ");
  if (kind.toLowerCase() !== "sha-256") throw new MediaRefused("This browser names no SHA-256 digest.");
  return btoa(String.fromCharCode(...digest.split(":").map((byte) => parseInt(byte, 16))));
}

function ownCandidates(lines) {
  const found = new Map();
  for (const line of lines) {
    const [, address, port, kind] = OWN_CANDIDATE.exec(line) ?? [];
    if (!address) continue;
    const one = { kind: kind.toLowerCase(), address: address.toLowerCase(), port: Number(port) };
    if (isCandidate(one)) found.set(JSON.stringify(one), one);
  }
  // Relays are found last and are the only way out of some networks: they must not be what is cut off.
  const all = [...found.values()];
  const relays = all.filter((one) => one.kind === "relay").slice(0, MOST_RELAYS);
  return [...all.filter((one) => one.kind !== "relay").slice(0, MOST_CANDIDATES - relays.length), ...relays];
}

// -- the one description ---------------------------------------------------------------------------

/** Return the description of the other side, as an `offer` of the gate or an `answer` of the phone. */
export function sdpOf(side, type) {
  const isOffer = type === "offer";
  const { candidates, ...keys } = checkedSide(side);
  const [opus, vp8, ...extensions] = NUMBERED;
  const way = [...transport(keys, isOffer ? "actpass" : "active"), ...extensions];
  return [
    "v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0 1",
    `m=audio 9 UDP/TLS/RTP/SAVPF ${OPUS}`, ...way, "a=mid:0", "a=sendrecv",
    opus, `a=fmtp:${OPUS} minptime=10;useinbandfec=1`,
    ...candidates.map(candidateLine), "a=end-of-candidates",
    `m=video 9 UDP/TLS/RTP/SAVPF ${VP8}`, ...way, "a=mid:1", isOffer ? "a=sendonly" : "a=recvonly",
    vp8, `a=rtcp-fb:${VP8} transport-cc`, `a=rtcp-fb:${VP8} nack`, `a=rtcp-fb:${VP8} nack pli`, "",
  ].join("\r\n");
}

function transport({ ufrag, pwd, fingerprint }, setup) {
  const bytes = [...atob(fingerprint)].map((one) => one.charCodeAt(0).toString(16).padStart(2, "0"));
  return [
    "c=IN IP4 0.0.0.0", "a=rtcp-mux", `a=ice-ufrag:${ufrag}`, `a=ice-pwd:${pwd}`,
    `a=fingerprint:sha-256 ${bytes.join(":").toUpperCase()}`, `a=setup:${setup}`,
  ];
}

function candidateLine({ kind, address, port }, place) {
  const priority = PREFERENCE[kind] * 2 ** 24 + (65535 - place) * 256 + 255;
  const seenFrom = kind === "host" ? "" : " raddr 0.0.0.0 rport 0";
  return `a=candidate:${place + 1} 1 udp ${priority} ${address} ${port} typ ${kind}${seenFrom}`;
}

// -- the two ends ----------------------------------------------------------------------------------

/** One end of the connection. `onStreams` gets what comes from the other end, `onState` how it goes:
 *  "connected", "disconnected" (for now), "failed" (for good: no way, or not the key that was named). */
class End {
  constructor({ relays, onStreams, onState }) {
    this.connection = new RTCPeerConnection({ iceServers: relays ? [relays] : [], bundlePolicy: "max-bundle" });
    const heard = new MediaStream();
    this.connection.ontrack = ({ track }) => { heard.addTrack(track); onStreams(heard); };
    this.connection.onconnectionstatechange = () => onState(this.connection.connectionState);
  }

  close() {
    this.connection.ontrack = this.connection.onconnectionstatechange = null;
    this.connection.close();
  }

  async own() {
    await this.connection.setLocalDescription();
    await gathered(this.connection);
    return sideOf(this.connection.localDescription.sdp);
  }
}

/** The gate's end. It offers itself before any microphone or camera is open; what they give is sent later. */
export class GateEnd extends End {
  async offer() {
    this.sound = this.connection.addTransceiver("audio", { direction: "sendrecv" });
    this.picture = this.connection.addTransceiver("video", { direction: "sendonly" });
    only(this.sound, "audio", "audio/opus");
    only(this.picture, "video", "video/VP8");
    return this.own();
  }

  accept(side) {
    return this.connection.setRemoteDescription({ type: "answer", sdp: sdpOf(side, "answer") });
  }

  async sendSound(track) {
    await this.sound?.sender.replaceTrack(track);
  }

  async sendPicture(track) {
    await this.picture?.sender.replaceTrack(track);
  }
}

/** The end of who answers: it hears and sees at once, and speaks once a microphone is there. */
export class PhoneEnd extends End {
  /** Let the browser load what it needs for connections, which takes a phone a moment at the first one. */
  static warmUp() {
    new RTCPeerConnection().close();
  }

  async answer(side) {
    await this.connection.setRemoteDescription({ type: "offer", sdp: sdpOf(side, "offer") });
    [this.sound] = this.connection.getTransceivers();
    this.sound.direction = "sendrecv";
    return this.own();
  }

  /** Return how many packets of sound have come from the gate, and how many replies to this end's own checks. */
  async counts() {
    const all = [...(await this.connection.getStats()).values()];
    const sound = all.find(({ type, kind }) => type === "inbound-rtp" && kind === "audio");
    const pairs = all.filter(({ type }) => type === "candidate-pair");
    const replies = pairs.reduce((sum, { responsesReceived = 0 }) => sum + responsesReceived, 0);
    return { packets: sound?.packetsReceived ?? 0, replies };
  }

  async sendSound(track) {
    await this.sound?.sender.replaceTrack(track);
  }
}

function only(transceiver, kind, type) {
  const all = RTCRtpReceiver.getCapabilities(kind).codecs;
  transceiver.setCodecPreferences(all.filter((codec) => codec.mimeType === type));
}

/** Wait until all addresses are known, and no longer than a person would notice. */
function gathered(connection) {
  return new Promise((done) => {
    const look = () => { if (connection.iceGatheringState === "complete") done(); };
    connection.addEventListener("icegatheringstatechange", look);
    setTimeout(done, GATHERING_SECONDS * 1000);
    look();
  });
}
