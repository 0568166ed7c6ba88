// The identity provider of the example, with two people: `node provider.js <port> <port of the gateway>`. A real one is a service of
// its own; this one is made with oidc-provider.
import Provider from 'oidc-provider'
import { formPage, messagePage } from './provider-pages.js'

const [port = '3001', gatewayPort = '8080'] = process.argv.slice(2)
const PEOPLE = new Map([
  ['ada', { password: 'correct horse', name: 'Ada Brook', email: 'ada@sarke.example' }],
  ['ben', { password: 'battery staple', name: 'Ben Hale', email: 'ben@sarke.example' }],
])
const logins = `http://privateapps.geo.localhost:${gatewayPort}/privateapps/generic`

const provider = new Provider(`http://localhost:${port}`, {
  clients: [
    {
      client_id: 'geo-members',
      client_secret: 'geo-members-secret',
      client_name: 'Sarke Survey',
      redirect_uris: [`${logins}/callback`],
      post_logout_redirect_uris: [`${logins}/logout`],
    },
  ],
  claims: { openid: ['sub'], profile: ['name'], email: ['email'] },
  conformIdTokenClaims: false,
  cookies: { keys: [crypto.randomUUID()] },
  findAccount: (_context, id) => {
    const person = PEOPLE.get(id)
    if (person === undefined) return undefined
    const { name, email } = person
    return { accountId: id, claims: () => ({ sub: id, name, email }) }
  },
  features: {
    devInteractions: { enabled: false },
    rpInitiatedLogout: {
      logoutSource: (context, form) => {
        context.body = messagePage(
          'Log out here, too?',
          `${form}<button autofocus form="op.logoutForm" name="logout" value="yes">Log out</button>`,
        )
      },
    },
  },
  renderError: context => {
    context.type = 'html'
    context.body = messagePage('That did not work', '<p>Go back to where you came from, and try again.</p>')
  },
  interactions: { url: (_context, { uid }) => `/login/${uid}` },
  // Nobody is asked whether the survey may know his name: it is the only application there is.
  loadExistingGrant: async ({ oidc }) => {
    const grant = new oidc.provider.Grant({
      clientId: oidc.client.clientId,
      accountId: oidc.session.accountId,
    })
    grant.addOIDCScope('openid profile email')
    await grant.save()
    return grant
  },
})

provider.use(async (context, next) => {
  if (!context.path.startsWith('/login/')) return next()
  const { req, res } = context
  if (context.method === 'GET') {
    context.body = formPage(false)
    return
  }
  const form = new URLSearchParams(await textOf(req))
  const name = form.get('name') ?? ''
  if (PEOPLE.get(name)?.password !== form.get('password')) {
    context.body = formPage(true)
    return
  }
  context.respond = false
  await provider.interactionFinished(req, res, { login: { accountId: name } })
})

async function textOf(request) {
  let text = ''
  for await (const chunk of request) {
    text += chunk
    if (text.length > 4096) throw new Error('a form that long is none')
  }
  return text
}

provider.listen(Number(port), '127.0.0.1', () => console.log(`provider listens on http://localhost:${port}`))
