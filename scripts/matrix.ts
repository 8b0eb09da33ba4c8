/** `npm run matrix`: writes the table of roles and routes into docs/security.md, by test/matrix.test.ts. */
import { runCommand } from './command.ts'
import { writeBetweenMarks } from './marks.ts'
import { runVitest } from './vitest.ts'

/** Finds the table in the message of the test, which fails if the documentation has another one. */
const tableIn = (message: string): string | undefined =>
  message.match(/The table of docs\/security\.md is not .*?\n\n((?:^\|.*\|$\n)+)/ms)?.[1]?.trimEnd()

await runCommand(async () => {
  const { report, exitCode } = await runVitest(['--project', 'd1', 'test/matrix.test.ts'])
  const failures = (report?.testResults ?? []).flatMap(({ assertionResults }) =>
    assertionResults.flatMap(({ failureMessages }) => failureMessages ?? []),
  )
  const table = failures.map(tableIn).find((found) => found !== undefined)
  // Only if nothing else failed: wrong responses must be corrected, not documented.
  if (table !== undefined && failures.every((failure) => tableIn(failure) !== undefined))
    writeBetweenMarks('docs/security.md', 'matrix', table)
  else process.exitCode = exitCode
})
