// Writes docs/reasons.md from the catalogues of reason codes. `--check` only compares.
import { readFileSync, writeFileSync } from 'node:fs'
import { adminReasons } from '../src/admin-api/api-error.ts'
import { loginReasons } from '../src/login/reasons.ts'
import { reasons } from '../src/plugin/reasons.ts'

const file = new URL('../docs/reasons.md', import.meta.url)

const introduction = `# Reasons

This file is written by \`scripts/reasons-doc.js\` from \`src/plugin/reasons/\`, \`src/login/reasons.ts\` and
\`src/admin-api/api-error.ts\`.

An error that the gateway answers itself, rather than a backend, says why in the header \`Otoroshi-Error-Reason\`: a code, and
what it is about where there is such a thing (\`plugin.unknown; plugin="cp:own.Gone"\`). Codes are stable: programs may rely on
them, while messages may be worded anew and translated.
`

const gateway = `## Of the gateway

The message is what \`Otoroshi-Error-Msg\` and the body say unless an error template says otherwise. The cause is the id that
error templates and Otoroshi's documentation know. A plugin may answer with another status, where its settings say so.

A message that is not valid HTTP is refused before there is a request: no error template applies, the body is one line of plain
text about what is wrong with it, and the connection is closed.
`

const login = `## Of logins

What people see is a page that says it in plain words. More: [logins](login.md).
`

const admin = `## Of the admin API

Also in the field \`reason\` of the body.
`

const table = (head, rows) =>
  [head, head.map(() => '---'), ...rows].map(cells => `| ${cells.join(' | ')} |`).join('\n')
const code = text => `\`${text}\``
const wanted = [
  introduction,
  gateway,
  table(
    ['Code', 'Status', 'When', 'Message', 'Cause'],
    Object.entries(reasons).map(([name, { status, when, message, cause }]) => [
      code(name),
      String(status),
      when,
      message,
      code(cause),
    ]),
  ),
  '',
  login,
  table(
    ['Code', 'Status', 'When', 'Cause'],
    Object.entries(loginReasons).map(([name, [status, cause, when]]) => [
      code(name),
      String(status),
      when,
      code(cause),
    ]),
  ),
  '',
  admin,
  table(
    ['Code', 'When'],
    Object.entries(adminReasons).map(([name, when]) => [code(name), when]),
  ),
  '',
].join('\n')

if (process.argv.includes('--check')) {
  let found = ''
  try {
    found = readFileSync(file, 'utf8')
  } catch {}
  if (found !== wanted) {
    console.error('docs/reasons.md is not current: run node scripts/reasons-doc.js')
    process.exit(1)
  }
} else writeFileSync(file, wanted)
