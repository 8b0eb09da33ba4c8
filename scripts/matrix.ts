/** `npm run matrix`: writes the table of roles and routes into docs/security.md, as test/matrix.test.ts sees it. */

import { runCommand } from './command.ts'
import { writeBetweenMarks } from './marks.ts'
import { runVitest } from './vitest.ts'

/** The table that the test would have found, if what is written differs from it. */
const tableIn = (message: string): string | undefined =>
  message.match(/The table of docs\/security\.md is not .*?\n\n((?:^\|.*\|$\n)+)/ms)?.[1]?.trimEnd()

await runCommand(async () => {
  const { report, exitCode } = await runVitest(['--project', 'd1', 'test/matrix.test.ts'])
  const failures = (report?.testResults ?? []).flatMap(({ assertionResults }) =>
    assertionResults.flatMap(({ failureMessages }) => failureMessages ?? []),
  )
  const table = failures.map(tableIn).find((found) => found !== undefined)
  // What is wrong with the answers themselves must be mended, and not written down.
  if (table !== undefined && failures.every((failure) => tableIn(failure) !== undefined))
    writeBetweenMarks('docs/security.md', 'matrix', table)
  else process.exitCode = exitCode
})
