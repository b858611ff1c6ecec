"""One short file per system; no module of brique imports a recipe, and no recipe another."""
