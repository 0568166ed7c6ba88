/** What the documents of the project hold: fenced blocks, headings, links. Enough of Markdown for our own files. */

export interface FencedBlock {
  /** First word behind the fence (`sh`, `ts`, …). */
  readonly language: string
  readonly text: string
  /** The nearest heading above, without its marks. */
  readonly heading: string
}

interface Reading {
  readonly blocks: FencedBlock[]
  readonly headings: string[]
  /** Everything outside of blocks. */
  readonly prose: string
}

function read(markdown: string): Reading {
  const blocks: FencedBlock[] = []
  const headings: string[] = []
  const prose: string[] = []
  let open: { language: string; lines: string[] } | null = null
  for (const line of markdown.split('\n')) {
    const fence = /^```(\w*)/.exec(line)
    if (open !== null) {
      if (fence === null) open.lines.push(line)
      else {
        blocks.push({ language: open.language, text: open.lines.join('\n'), heading: headings.at(-1) ?? '' })
        open = null
      }
    } else if (fence !== null) open = { language: fence[1]!, lines: [] }
    else {
      const heading = /^#+ +(.*?) *$/.exec(line)
      if (heading !== null) headings.push(heading[1]!)
      prose.push(line)
    }
  }
  if (open !== null) throw new Error('a fenced block does not end')
  return { blocks, headings, prose: prose.join('\n') }
}

export function fencedBlocks(markdown: string): readonly FencedBlock[] {
  return read(markdown).blocks
}

/** Targets of inline links and images, blocks and code spans left out. */
export function linksIn(markdown: string): readonly string[] {
  const prose = read(markdown).prose.replace(/`[^`\n]*`/g, 'code')
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(found => found[1]!)
}

/** The anchors a forge makes of the headings. */
export function anchorsIn(markdown: string): ReadonlySet<string> {
  const anchor = (heading: string): string =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-')
  return new Set(read(markdown).headings.map(anchor))
}

/** The rows of every table below a heading, cells trimmed, heads and rules left out. */
export function tableRows(markdown: string, heading: string): readonly (readonly string[])[] {
  const { prose } = read(markdown)
  const at = prose
    .split('\n')
    .findIndex(line => line.replace(/^#+ +/, '') === heading && line.startsWith('#'))
  if (at === -1) throw new Error(`there is no heading '${heading}'`)
  const lines = prose.split('\n').slice(at + 1)
  const end = lines.findIndex(line => line.startsWith('#'))
  const rows: string[][] = []
  const table = (end === -1 ? lines : lines.slice(0, end)).filter(line => line.startsWith('|'))
  for (const [i, line] of table.entries()) {
    const rule = (text: string | undefined): boolean => text !== undefined && /^\|[\s|:-]+$/.test(text)
    if (rule(line) || rule(table[i + 1])) continue
    rows.push(
      line
        .split('|')
        .slice(1, -1)
        .map(cell => cell.trim()),
    )
  }
  return rows
}
