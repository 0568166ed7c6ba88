/** The documents beside what they speak of: links resolve, lists are complete, examples are the files that run. */
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, it } from 'node:test'
import { notBuiltEndpoints } from '../src/admin-api/not-built.ts'
import { definitions } from '../src/model/registry.ts'
import { anchorsIn, fencedBlocks, linksIn, tableRows } from './support/markdown.ts'

const root = join(import.meta.dirname, '..')
const text = (file: string): string => readFileSync(join(root, file), 'utf8')
const inCode = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(found => found[1]!)
const documents = globSync(['*.md', '{docs,test,src,examples,bench}/**/*.md'], { cwd: root })

describe('links', () => {
  for (const file of documents)
    it(`of ${file} lead somewhere`, () => {
      const broken = linksIn(text(file)).filter(link => !/^https?:/.test(link) && !resolves(file, link))
      assert.deepEqual(broken, [])
    })

  it('lead from docs/README.md to every document of the folder', () => {
    const linked = new Set(linksIn(text('docs/README.md')).map(link => link.replace(/#.*/, '')))
    const there = globSync('docs/*.md', { cwd: root }).map(file => relative('docs', file))
    assert.deepEqual(
      there.filter(file => file !== 'README.md' && !linked.has(file)),
      [],
    )
  })
})

describe('docs/security.md', () => {
  it('names tests that there are', () => {
    const tests = globSync('{src,test}/**/*.test.ts', { cwd: root }).map(text).join('\n')
    const rows = text('docs/security.md')
      .split('\n')
      .filter(line => line.startsWith('| '))
    const named = rows.flatMap(row => inCode(row.split('|').at(-2) ?? '')).filter(name => name.includes(' '))
    assert.ok(named.length > 100, `${named.length} tests`)
    const title = (name: string): string => name.replaceAll("'", "\\'")
    assert.deepEqual(
      named.filter(
        name =>
          !tests.includes(`'${title(name)}'`) && !tests.includes(`"${name}"`) && !tests.includes(`\`${name}`),
      ),
      [],
    )
  })
})

function resolves(from: string, link: string): boolean {
  const [path = '', anchor] = link.split('#')
  const target = path === '' ? from : join(dirname(from), path)
  if (!existsSync(join(root, target))) return false
  return anchor === undefined || (target.endsWith('.md') && anchorsIn(text(target)).has(anchor))
}

describe('docs/dependencies.md', () => {
  const declared = JSON.parse(text('package.json')) as Record<string, Record<string, string>>
  const lists = [
    ['At run time', 'dependencies'],
    ['Node itself, for machines with another version', 'optionalDependencies'],
    ['For development', 'devDependencies'],
  ] as const
  for (const [heading, list] of lists)
    it(`gives a reason for each of ${list} and names no other`, () => {
      const rows = tableRows(text('docs/dependencies.md'), heading)
      assert.deepEqual(rows.map(([name]) => inCode(name!)[0]).sort(), Object.keys(declared[list]!).sort())
      for (const [name, reason] of rows) assert.ok(reason!.length > 20, `${name} needs a reason`)
    })
})

describe('docs/admin-api.md', () => {
  const page = text('docs/admin-api.md')

  it('lists every kind with its paths', () => {
    const rows = tableRows(page, 'Resources').filter(([, path]) => path!.startsWith('`/apis/'))
    const listed = rows.map(([kind, path, legacy]) => [kind, ...inCode(path!), inCode(legacy!)[0] ?? null])
    const there = definitions.map(one => [
      one.kind,
      `/apis/${one.group}/${one.version}/${one.plural}`,
      one.legacyPath,
    ])
    assert.deepEqual(listed, there)
  })

  it('lists every endpoint that answers 501', () => {
    const rows = tableRows(page, 'Endpoints that are not there yet')
    const listed = rows.flatMap(([feature, paths]) => inCode(paths!).map(path => `${path} ${feature}`))
    assert.deepEqual(listed.sort(), notBuiltEndpoints.map(([path, feature]) => `${path} ${feature}`).sort())
  })
})

describe('docs/http.md', () => {
  it('shows the examples as they are', () => {
    const shown = fencedBlocks(text('docs/http.md')).map(block => `${block.text}\n`)
    for (const file of globSync('examples/http/*.ts', { cwd: root }))
      assert.ok(shown.includes(text(file)), `${file} is not what docs/http.md shows`)
  })
})
