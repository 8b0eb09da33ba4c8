/** A bar on a terminal; nothing in a log. */
export function drawProgress(done: number, all: number): void {
  if (!process.stderr.isTTY) return
  const width = 30
  const full = Math.round((done / all) * width)
  process.stderr.write(`\r${'█'.repeat(full)}${'░'.repeat(width - full)} ${done} of ${all}${done === all ? '\n' : ''}`)
}
