"""One report model, and everything that renders it: console, JSON, JUnit, HTML, Markdown, badge."""
