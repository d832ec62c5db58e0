import { byID } from "./dom.js";

const menu = byID("menu");
menu.addEventListener("click", () => {
  menu.setAttribute("aria-expanded", String(byID("nav").classList.toggle("open")));
});
