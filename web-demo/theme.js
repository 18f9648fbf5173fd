// The one classic script: it runs before the first paint. Storage can be forbidden, hence the try.
try {
  const theme = localStorage.getItem("martlet.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // The system's scheme then.
}
