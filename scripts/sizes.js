// File sizes: median under 120 lines, none above 500. `--report` prints the longest files.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const sizes = readdirSync('src', { recursive: true })
  .filter(f => f.endsWith('.ts'))
  .map(f => ({ file: join('src', f), lines: readFileSync(join('src', f), 'utf8').split('\n').length - 1 }))
  .sort((a, b) => b.lines - a.lines)
const median = sizes.length === 0 ? 0 : sizes[Math.floor(sizes.length / 2)].lines
const over = sizes.filter(s => s.lines > 500)
if (process.argv.includes('--report'))
  for (const s of sizes.slice(0, 15)) console.log(`${s.lines}\t${s.file}`)
console.log(
  `${sizes.length} files, median ${median} lines, ${sizes.filter(s => s.lines > 300).length} above 300, ${over.length} above 500`,
)
for (const s of over) console.error(`${s.file}: ${s.lines} lines, at most 500 are allowed`)
process.exit(over.length === 0 && median <= 120 ? 0 : 1)
