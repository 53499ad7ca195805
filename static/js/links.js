// Links that MLflow clients print have their target after the #, which no server ever sees:
// /#/experiments/3/runs/0123…  This runs before the page is drawn and goes to the page they mean.
(() => {
  // A client that names its workspace in a header says it behind the link: …?workspace=team-b
  const named = new URLSearchParams(location.hash.split("?")[1] || "").get("workspace");
  const base = named ? `/w/${encodeURIComponent(named)}/` : document.currentScript.dataset.base;
  const parts = location.hash.split("?")[0].split("/").slice(1).map(decodeURIComponent);
  if (!location.hash.startsWith("#/")) return;
  const at = (name) => parts[parts.indexOf(name) + 1];
  const encode = (text) => encodeURIComponent(text) + "/";
  let target = null;
  if (parts[0] === "experiments" && parts.includes("runs") && at("runs")) {
    target = "runs/" + encode(at("runs"));
  } else if (parts[0] === "experiments" && parts[1]) {
    target = "experiments/" + encode(parts[1]);
  } else if (parts[0] === "models" && parts[1]) {
    target = "models/" + encode(parts[1]) + (at("versions") && parts.includes("versions") ? "versions/" + encode(at("versions")) : "");
  } else if (parts[0] === "models") {
    target = "models/";
  }
  if (target) location.replace(base + target);
})();
