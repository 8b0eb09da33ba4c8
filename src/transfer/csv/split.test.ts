import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { printCard } from '../../cards/parse.ts'
import { readFields } from '../../cards/read.ts'
import { CsvFault } from './fields.ts'
import { readCsv } from './read.ts'
import { readRow } from './read-row.ts'
import { type CsvHead, type CsvRowText, inPieces, splitCsv } from './split.ts'

/** Lines, first names and faults of a text. */
const read = (text: string): [line: number, name: string | null][] => {
  const { head, rows } = splitCsv(text)
  return rows.map((row) => {
    const { line, card, fault } = readRow(head, row)
    return [line, card ? readFields(card).first_name : (fault ?? null)]
  })
}

const brokenAt = (line: number): string =>
  `The row at line ${line} has a quoted cell that does not end as it must. Put two quotation marks where one is meant.`

describe('the rows of a CSV file', () => {
  it.each([
    ['\n', ','],
    ['\r\n', ';'],
    ['\r', '\t'],
  ])('know the line that they begin at, with line breaks %j', (eol, delimiter) => {
    const lines = [
      'First Name,Notes',
      '"Ann","two',
      'lines, ""quoted"""',
      '',
      'Bo,',
      '"Cy"  ,""',
      '   ,  ',
      'Di,"a',
      '',
      'b"',
    ]
    const text = lines.join(eol).replaceAll(',', delimiter)
    expect(read(text)).toEqual([
      [2, 'Ann'],
      [5, 'Bo'],
      [6, 'Cy'],
      [8, 'Di'],
    ])
    expect(read(`${text}${eol}`)).toEqual(read(text))
    const [first] = splitCsv(text).rows
    expect(first?.text).toBe(`"Ann"${delimiter}"two${eol}lines${delimiter} ""quoted"""`)
  })

  it('may have line breaks of both kinds, and a blank line or sep= before the header', () => {
    expect(read('\n\nName,Phone\r\nAnn,1\nBo,"2"\r\nCy,3')).toEqual([
      [4, 'Ann'],
      [5, 'Bo'],
      [6, 'Cy'],
    ])
    expect(read('sep=|\r\nName|Phone\r\nAnn|1\r\n')).toEqual([[3, 'Ann']])
  })

  it('are read after one with broken quotes, which has a fault', () => {
    expect(read('Name,Phone,Notes\nAnn,"1,x\nand more\nBo,2,\nCy,"a "b" c",\nDi,5,\n')).toEqual([
      [2, brokenAt(2)],
      [3, brokenAt(3)],
      [4, 'Bo'],
      // All of its cells are there.
      [5, 'Cy'],
      [6, 'Di'],
    ])
    expect(read(`Name,Notes\nAnn,"${'x'.repeat(300_000)}\nBo,2\nCy,3\n`)).toEqual([
      [2, brokenAt(2)],
      [3, 'Bo'],
      [4, 'Cy'],
    ])
    // No more lines than there are.
    expect(read('Name,Notes\nAnn,"x\nmore\n\n').map(([line]) => line)).toEqual([2, 3])
    expect(read('Name,Notes\nAnn,"x\nBo,"y"\nCy,\n')).toEqual([
      [2, brokenAt(2)],
      [3, 'Bo'],
      [4, 'Cy'],
    ])
  })

  it('take time in proportion to the file, whatever its quotes', () => {
    const before = Date.now()
    expect(read(`Name,Notes\n${'Ann,"x\n'.repeat(5000)}`).length).toBeGreaterThan(20)
    expect(() => read(`Name,Notes\nAnn,${'"a'.repeat(50_000)}${' '.repeat(100_000)}`)).toThrow(CsvFault)
    expect(read(`Name,Notes\nAnn,${`${' '.repeat(999)}x`.repeat(60)}`)).toEqual([[2, 'Ann']])
    expect(read(`Name${`,${'home '.repeat(20)}`.repeat(50)}\nAnn`)).toEqual([[2, 'Ann']])
    expect(Date.now() - before).toBeLessThan(20_000)
  })

  it('give the same in pieces as all at once, for the head is plain JSON', () => {
    const text = `Name,Birthday,Notes\r\n${Array.from({ length: 300 }, (_, index) => `P${index},${(index % 12) + 1}/3/1990,"a\r\nb"\r\n`).join('')}Last,12/31/1990,\r\n`
    const { head, rows } = splitCsv(text)
    const pieces = [...inPieces(rows, 2000)]
    expect(pieces.length).toBeGreaterThan(5)
    for (const piece of pieces) expect(new TextEncoder().encode(JSON.stringify(piece)).length).toBeLessThanOrEqual(2000)
    const stored = JSON.parse(JSON.stringify({ head, pieces })) as { head: CsvHead; pieces: CsvRowText[][] }
    const inSteps = stored.pieces.flatMap((piece) => piece.map((row) => readRow(stored.head, row)))
    const whole = readCsv(new TextEncoder().encode(text)).rows
    expect(inSteps.map(({ line, card }) => [line, card && printCard(card)])).toEqual(
      whole.map(({ line, card }) => [line, card && printCard(card)]),
    )
    expect(inSteps.at(3)?.card && readFields(inSteps[3]?.card as never).birthday).toBe('1990-04-03')
  })

  it('are never an exception, whatever the octets', () => {
    const cell = fc.oneof(fc.string({ maxLength: 8 }), fc.constantFrom('"', '""', '"a', 'a"', '\n', '\r', 'Ann', "'=1"))
    const table = fc.array(fc.array(cell, { maxLength: 5 }), { maxLength: 8 })
    fc.assert(
      fc.property(table, fc.constantFrom(',', ';', '\t'), (cells, delimiter) => {
        const text = ['Name', 'E-mail', 'Birthday', 'x'].join(delimiter)
        const body = cells.map((row) => row.join(delimiter)).join('\n')
        const { rows } = readCsv(new TextEncoder().encode(`${text}\n${body}`))
        for (const { card, fault } of rows) expect(card === null).toBe(fault !== undefined)
      }),
      { numRuns: 300, seed: 20_261_128 },
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => {
        try {
          readCsv(octets)
        } catch (error) {
          expect(error).toBeInstanceOf(CsvFault)
        }
      }),
      { numRuns: 300, seed: 20_261_128 },
    )
  })
})
