/** A table of markdown, its columns aligned in the source too. The first column is text, the others figures. */
export function markdownTable(
  heading: readonly string[],
  rows: readonly (readonly string[])[],
  align: "figures" | "text",
): string {
  const widths = heading.map((text, column) =>
    Math.max(3, text.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const isFigure = (column: number): boolean => align === "figures" && column > 0;
  const line = (cells: readonly string[]): string =>
    `| ${widths
      .map((width, column) => {
        const cell = cells[column] ?? "";
        return isFigure(column) ? cell.padStart(width) : cell.padEnd(width);
      })
      .join(" | ")} |`;
  const rule = `| ${widths.map((width, column) => (isFigure(column) ? `${"-".repeat(width - 1)}:` : "-".repeat(width))).join(" | ")} |`;
  return [line(heading), rule, ...rows.map(line), ""].join("\n");
}
