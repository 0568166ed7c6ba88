// Writes docs/plugin-catalogue.md and docs/catalogue/ from the built-in plugins. `--check` only compares.
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pluginExamples, upstreamPlugins } from './catalogue/examples.ts'
import { allBuiltIn } from '../src/plugins/index.ts'
import { describePlugins } from './catalogue/entries.ts'
import { familyPage, indexPage } from './catalogue/pages.ts'

const docs = join(import.meta.dirname, '../docs')
const upstream = upstreamPlugins()
const { entries, faults } = await describePlugins(await allBuiltIn(), pluginExamples(), upstream)
for (const fault of faults) console.error(fault)

const wanted = new Map([['plugin-catalogue.md', indexPage(entries, upstream)]])
for (const family of new Set(entries.map(entry => entry.family)))
  wanted.set(`catalogue/${family}.md`, familyPage(family, entries))
const superfluous = globSync('catalogue/*', { cwd: docs }).filter(file => !wanted.has(file))

if (process.argv.includes('--check')) {
  const stale = [...wanted].filter(([file, text]) => {
    const path = join(docs, file)
    return !existsSync(path) || readFileSync(path, 'utf8') !== text
  })
  for (const file of [...stale.map(([file]) => file), ...superfluous])
    console.error(`docs/${file} is not current: run node scripts/plugins-doc.js`)
  if (faults.length + stale.length + superfluous.length > 0) process.exit(1)
} else {
  mkdirSync(join(docs, 'catalogue'), { recursive: true })
  for (const [file, text] of wanted) writeFileSync(join(docs, file), text)
  for (const file of superfluous) rmSync(join(docs, file))
  if (faults.length > 0) process.exit(1)
}
