// Outlines in a 24 × 24 field. They live in a module, not in files, so that they can be drawn when
// the controller is gone, and so that a lane without face has no trace of it on its page.

const OUTLINES = {
  card: "M2 6h20v12H2zM2 10h20M6 15h5",
  pin: "M5 5h.01M12 5h.01M19 5h.01M5 11h.01M12 11h.01M19 11h.01M5 17h.01M12 17h.01M19 17h.01M12 22h.01",
  qr: "M3 3h7v7H3zM14 3h7v7h-7zM3 14h7v7H3zM14 14h3v3h-3zM20 14h1M14 20h1M18 18h3v3h-3zM6.5 6.5h.01M17.5 6.5h.01M6.5 17.5h.01",
  face: "M3 8V3h5M16 3h5v5M21 16v5h-5M8 21H3v-5M9 9.5v1.5M15 9.5v1.5M8.5 15c2 2 5 2 7 0",
  arrow_left: "M21 12H4M11 5l-7 7 7 7",
  arrow_right: "M3 12h17M13 5l7 7-7 7",
  door: "M4 21h16M6 21V3h12v18M14.5 12h.01",
  open: "M4 13l5 5L20 6",
  shut: "M12 2a10 10 0 1 0 0 20a10 10 0 1 0 0-20M7 12h10",
  clock: "M12 2a10 10 0 1 0 0 20a10 10 0 1 0 0-20M12 6v6l4 3",
  wait: "M5 12h.01M12 12h.01M19 12h.01",
  warning: "M12 3L1.5 21h21zM12 10v5M12 18h.01",
  lock: "M5 11h14v10H5zM8 11V7a4 4 0 0 1 8 0v4M12 15v2",
  fire: "M13 4a1.5 1.5 0 1 0 .01 0M4 12l4-4 5 1 2 4h4M11 13l-2 4-5 1M13 12l2 5-1 5M2 22h20",
  help: "M18 8a6 6 0 0 0-12 0c0 7-3 8-3 8h18s-3-1-3-8M10 20a2 2 0 0 0 4 0",
  language: "M12 2a10 10 0 1 0 0 20a10 10 0 1 0 0-20M2 12h20M12 2c3 3 4 7 4 10s-1 7-4 10c-3-3-4-7-4-10s1-7 4-10",
  slower: "M6 2h12M6 22h12M7 2c0 6 4 7 5 10c1-3 5-4 5-10M7 22c0-6 4-7 5-10c1 3 5 4 5 10",
  read: "M4 9v6h4l6 5V4L8 9zM17 8.5c2 2 2 5 0 7M19.5 6c3.500 3.500 3.500 8.500 0 12",
  home: "M3 11L12 3l9 8M5 10v11h14V10M10 21v-6h4v6",
  call: "M5 3h4l2 5-2.500 1.500a12 12 0 0 0 6 6L16 13l5 2v4a2 2 0 0 1-2 2A16 16 0 0 1 3 5a2 2 0 0 1 2-2M15 3a6 6 0 0 1 6 6",
  call_over: "M2 15c5-6 15-6 20 0l-2.500 3-4-1.500v-3c-2.500-.700-4.500-.700-7 0v3l-4 1.500z",
  camera: "M2 7h14v10H2zM16 11l6-4v10l-6-4",
  camera_off: "M2 7h14v10H2zM16 11l6-4v10l-6-4M1 3l22 18",
};

const SVG = "http://www.w3.org/2000/svg";

/** Return a drawing of this name, hidden from screen readers; the text beside it says it. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", OUTLINES[name]);
  svg.append(path);
  return svg;
}
