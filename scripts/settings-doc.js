// Writes docs/settings.md from the declarations of the settings. `--check` only compares.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { settingsReference } from '../src/config/reference.ts'

const file = new URL('../docs/settings.md', import.meta.url)
const wanted = settingsReference()
if (process.argv.includes('--check')) {
  let found = ''
  try {
    found = readFileSync(file, 'utf8')
  } catch {}
  if (found !== wanted) {
    console.error('docs/settings.md is not current: run node scripts/settings-doc.js')
    process.exit(1)
  }
} else {
  mkdirSync(new URL('.', file), { recursive: true })
  writeFileSync(file, wanted)
}
