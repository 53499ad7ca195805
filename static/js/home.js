/*
 * The home of a workspace asks for itself again and again. Not while a menu is open or a name is
 * being typed, which would be gone.
 */
document.addEventListener("htmx:beforeRequest", (event) => {
  const busy = "details.menu[open], input:focus:not([type=checkbox])";
  if (event.target.id === "home" && event.target.querySelector(busy)) event.preventDefault();
});
