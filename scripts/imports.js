// Imports go down only. Each room of src/ lists the rooms it may see; anything else is a fault.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'

/** Room → rooms it may import. A room may always import itself. */
const allowed = {
  config: [],
  http: [],
  schema: [],
  model: ['schema'],
  // Of the settings, only what they say of a server.
  store: ['model', 'config/redis/members.ts', 'config/redis/target.ts', 'config/postgres/target.ts'],
  expression: [],
  limits: [],
  cache: ['http/first-objects.ts'],
  // Work on bodies that may take long, on a thread of its own.
  transform: ['expression'],
  'message-signatures': ['http/headers.ts'],
  events: ['schema', 'expression'],
  identity: ['model', 'schema'],
  plugin: ['cache', 'http', 'schema', 'model', 'expression', 'limits', 'events', 'identity'],
  plugins: [
    'cache',
    'plugin',
    'schema',
    'expression',
    'limits',
    'identity',
    'http/cookies.ts',
    'http/first-objects.ts',
    'http/headers.ts',
    'http/path-forms.ts',
    'http/query.ts',
    'message-signatures',
    'login/user-rules.ts',
    'transform',
  ],
  gateway: ['revision', 'http', 'plugin', 'model', 'schema', 'expression', 'limits', 'events', 'identity'],
  revision: ['model', 'schema'],
  'data-plane': [
    'cache',
    'gateway',
    'http',
    'plugin',
    'plugins',
    'revision',
    'model',
    'events',
    'expression',
    'config',
    'limits',
    'identity',
    'schema',
  ],
  // What backends in Node use: it stands alone.
  backend: [],
  control: ['store', 'model', 'config', 'revision', 'schema', 'events', 'limits', 'identity'],
  'admin-api': [
    'control',
    'store',
    'model',
    'config',
    'schema',
    'http',
    'revision',
    'expression',
    'events',
    'identity',
  ],
  login: [
    'control',
    'store',
    'model',
    'schema',
    'http',
    'expression',
    'identity',
    'plugin/outgoing-calls.ts',
    'events/mask-secrets.ts',
  ],
  instance: [
    'login',
    'cache',
    'config',
    'control',
    'admin-api',
    'data-plane',
    'store',
    'model',
    'http',
    'revision',
    'events',
    'limits',
    'plugin',
    'plugins',
  ],
  'main.ts': ['config', 'instance'],
}

const root = 'src'
const files = readdirSync(root, { recursive: true }).filter(f => f.endsWith('.ts'))
const faults = []
for (const file of files) {
  const room = file.split('/')[0]
  const test = file.endsWith('.test.ts') || file.includes('/testing')
  const text = readFileSync(join(root, file), 'utf8')
  for (const match of text.matchAll(/(?:from\s+|import\s*\(\s*|import\s+)'(\.[^']+)'/g)) {
    const target = relative(root, normalize(join(root, dirname(file), match[1])))
    const seen = target.split('/')[0]
    if (seen === room) {
      if (room === 'plugins' && !test) {
        const [a, b] = [file.split('/'), target.split('/')]
        if (b.length > 2 && a.length > 2 && a[1] !== b[1])
          faults.push(`${file} imports ${target}: plugin families do not see each other`)
      }
      continue
    }
    if (test) continue
    const rooms = allowed[room]
    if (rooms === undefined) faults.push(`${file}: room '${room}' has no entry in scripts/imports.js`)
    else if (!rooms.includes(seen) && !rooms.includes(target))
      faults.push(`${file} imports ${target}: '${room}' may not see '${seen}'`)
  }
}
for (const fault of faults) console.error(fault)
process.exit(faults.length === 0 ? 0 : 1)
