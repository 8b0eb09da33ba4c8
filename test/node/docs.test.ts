import { execFileSync } from 'node:child_process'
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, it } from 'vitest'

const pages = globSync('**/*.md', { exclude: (path) => /node_modules|^\.wrangler|^test-results/.test(path) })

/** A page without its code blocks, which contain no links. */
const prose = (page: string): string => readFileSync(page, 'utf8').replace(/^```[\s\S]*?^```/gm, '')

/** The targets of a page's links and pictures. */
function targets(page: string): string[] {
  const text = prose(page).replace(/`[^`\n]*`/g, '')
  const links = [...text.matchAll(/\]\(([^)\s]+)\)/g), ...text.matchAll(/\b(?:src|href)="([^"]+)"/g)]
  return links.map(([, target]) => target ?? '')
}

/** The anchors that GitHub gives a page's headings. */
function anchors(page: string): Set<string> {
  const seen = new Map<string, number>()
  const headings = [...prose(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => {
    const slug = heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
      .replaceAll(' ', '-')
    const before = seen.get(slug) ?? 0
    seen.set(slug, before + 1)
    return before === 0 ? slug : `${slug}-${before}`
  })
  return new Set(headings)
}

describe('the documentation', () => {
  it('has no dead link', () => {
    expect(pages.length).toBeGreaterThan(15)
    const checked: string[] = []
    const dead = pages.flatMap((page) =>
      targets(page).flatMap((target) => {
        if (/^[a-z]+:/.test(target)) return []
        checked.push(target)
        const [path = '', anchor] = target.split('#')
        const file = path === '' ? page : normalize(join(dirname(page), path))
        if (!existsSync(file)) return [`${page}: ${target}`]
        return anchor === undefined || anchors(file).has(anchor) ? [] : [`${page}: ${target} (no such heading)`]
      }),
    )
    expect(dead).toEqual([])
    expect(checked.length).toBeGreaterThan(40)
  })

  it('names only existing files and commands', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: object }
    const example = JSON.parse(readFileSync('examples/client/package.json', 'utf8')) as { scripts: object }
    const commands = new Set([...Object.keys(scripts), ...Object.keys(example.scripts)])
    // Past entries of the changelog stay as they are.
    const stale = pages
      .filter((page) => page !== 'CHANGELOG.md')
      .flatMap((page) => {
        const text = readFileSync(page, 'utf8')
        const paths = [...prose(page).matchAll(/`((?:src|test|scripts|docs|examples|public|migrations)\/[^`\s:]*)`/g)]
        const runs = [...text.matchAll(/npm run ([a-z][\w:-]*)/g)]
        return [
          // src/groups is CONTRIBUTING.md's example of a new feature.
          ...paths
            .map(([, path = '']) => path)
            .filter((path) => globSync(path).length === 0 && !path.startsWith('src/groups/')),
          ...runs.map(([, name = '']) => name).filter((name) => !commands.has(name)),
        ].map((what) => `${page}: ${what}`)
      })
    expect(stale).toEqual([])
  })

  it('begins with how to get it, what that takes, and the two commands', () => {
    const [, chapter = ''] = readFileSync('README.md', 'utf8').match(/^## Start it\n([\s\S]*?)^## /m) ?? []
    const [clone, both] = [...chapter.matchAll(/^```\n([\s\S]*?)^```$/gm)].map(([, text]) => text)
    expect(clone).toMatch(/^git clone https:\/\/\S+\.git\ncd \w+\n$/)
    expect(both).toMatch(/^npm start\b.*\nnpm test\b.*\n$/)
    expect(chapter).toMatch(/takes about .* and\s+\d+ (?:MB|GB)/)
  })

  it('has a command that creates Cloudinary’s preset: unsigned, only pictures, under names that Cloudinary chooses', () => {
    const [, command = ''] =
      readFileSync('docs/operations.md', 'utf8').match(/```sh\n( +\. \.\/\.dev\.vars\n.*?)```/s) ?? []
    const folder = mkdtempSync(join(tmpdir(), 'vizitka-preset-'))
    const [cloud, preset] = ['CLOUDINARY_CLOUD_NAME="dab1"', 'CLOUDINARY_UPLOAD_PRESET="ours"']
    writeFileSync(
      join(folder, '.dev.vars'),
      `${cloud}\n${preset}\nCLOUDINARY_API_KEY="123"\nCLOUDINARY_API_SECRET="xyz"\n`,
    )
    const script = `curl() { printf '%s\\n' "$@"; }\n${command}`
    const sent = execFileSync('sh', ['-c', script], { cwd: folder, encoding: 'utf8' }).split('\n')
    rmSync(folder, { recursive: true })
    expect(sent).toContain('https://api.cloudinary.com/v1_1/dab1/upload_presets')
    expect(sent).toContain('123:xyz')
    expect(sent.filter((line) => /^[a-z_]+=/.test(line))).toEqual([
      ...['name=ours', 'unsigned=true', 'disallow_public_id=true', 'folder=avatars', 'use_filename=false'],
      ...['unique_filename=true', 'allowed_formats=jpg,png,webp,gif', 'transformation=c_limit,h_1000,w_1000'],
    ])
  })

  it('describes every picture, and keeps it small', () => {
    for (const page of pages) {
      for (const [tag] of prose(page).matchAll(/<img[^>]*>/g)) expect(tag, page).toMatch(/\balt="[^"]{10,}"/)
      for (const [, alt] of prose(page).matchAll(/!\[([^\]]*)\]\(/g)) expect(alt?.length, page).toBeGreaterThan(10)
    }
    const pictures = globSync('docs/pictures/*')
    expect(pictures.length).toBeGreaterThan(2)
    for (const picture of pictures) expect(statSync(picture).size, picture).toBeLessThanOrEqual(200_000)
  })
})
