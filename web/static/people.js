// A house too large to stand in the page: those who fit what is typed are asked for while somebody is named.
let asked = "";
let later = 0;

async function propose(text) {
  const list = document.getElementById("people");
  const answer = await fetch(`/people?like=${encodeURIComponent(text)}`, { headers: { Accept: "application/json" } });
  if (!answer.ok || text !== asked) return;
  list.replaceChildren(...(await answer.json()).map(({ text: called, key }) => {
    const option = document.createElement("option");
    option.value = called;
    option.textContent = key;
    return option;
  }));
}

export function start() {
  if (!document.querySelector("#people[data-more]")) return;
  document.addEventListener("input", (event) => {
    if (event.target.getAttribute?.("list") !== "people") return;
    asked = event.target.value.trim();
    clearTimeout(later);
    if (asked) later = setTimeout(() => propose(asked), 150);
  });
}
