import { describe, expect, it } from 'vitest'
import { statementsOf } from './statements.ts'

const statements = [
  'CREATE TABLE "odd;name" (\n  a text -- it is; not an end\n)',
  `INSERT INTO t VALUES('it''s; "quoted"\n;', X'3B', "a;b", [c;d], \`e;f\`)`,
  '/* a comment; of\ntwo lines */ DELETE FROM t',
  `CREATE TRIGGER guard BEFORE UPDATE ON t BEGIN\n  INSERT INTO log VALUES('x');\n  SELECT CASE WHEN 1 THEN RAISE(ABORT, 'no; never') END;\nEND`,
  'create temp trigger other after insert on t begin select 1; end',
  'CREATE INDEX "end" ON t (a)',
]

async function all(pieces: Iterable<string>): Promise<string[]> {
  const found: string[] = []
  for await (const statement of statementsOf(pieces)) found.push(statement)
  return found
}

describe('the statements of a backup', () => {
  it('are split as SQLite does, however the text is cut into pieces', async () => {
    const text = statements.map((one) => `${one};\n`).join('')
    for (const length of [1, 2, 3, 7, 64, text.length]) {
      const pieces = Array.from({ length: Math.ceil(text.length / length) }, (_, n) =>
        text.slice(n * length, (n + 1) * length),
      )
      expect(await all(pieces), `pieces of ${length}`).toEqual(statements.map((one) => `${one};`))
    }
  })

  it('include a last one without a semicolon, but not a mere comment', async () => {
    expect(await all(['SELECT 1;\nSELECT 2'])).toEqual(['SELECT 1;', 'SELECT 2'])
    expect(await all(['SELECT 1; -- the end\n'])).toEqual(['SELECT 1;'])
    expect(await all([])).toEqual([])
  })
})
