const concealed = new Set<string>()
const minLength = 6 // what is shorter is a word by chance, and no secret

/** Keeps texts from being shown, in whatever words they may turn up: another program's errors, say. */
export function conceal(texts: readonly (string | undefined)[]): void {
  for (const text of texts) if (text && text.length >= minLength) concealed.add(text)
}

/** A text without what is concealed. */
export function redact(text: string): string {
  return [...concealed].reduce((rest, secret) => rest.replaceAll(secret, '…'), text)
}

const labelWidth = 12

/** Does one step, and says what it came to, beside its name. */
export async function step(label: string, work: () => Promise<string>): Promise<void> {
  process.stdout.write(`  ${label.padEnd(labelWidth)}`)
  try {
    console.log(redact(await work()))
  } catch (error) {
    console.log('–')
    throw error
  }
}
