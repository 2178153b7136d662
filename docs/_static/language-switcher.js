// Follow the switcher to the same section of the other page, and remember the choice for the
// root of the site.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-language]");
  if (!link) return;
  if (document.getElementById(decodeURIComponent(location.hash.slice(1)))) link.hash = location.hash;
  try {
    localStorage.setItem("course-language", link.dataset.language);
  } catch (error) {
    // Storage is off: the root of the site goes by the browser's language.
  }
});
