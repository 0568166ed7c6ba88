import { after, before, describe } from 'node:test'
import { openPostgresStore } from './postgres.ts'
import { postgresMissing, TestPostgres } from './testing/postgres-server.ts'
import { storeSuite } from './testing/suite.ts'

describe('postgres', { skip: postgresMissing }, () => {
  let server: TestPostgres
  let count = 0
  before(async () => {
    server = await TestPostgres.start()
  })
  after(() => server.stop())

  storeSuite('postgresql', async () =>
    openPostgresStore({
      target: server.target({ schema: `s${count++}` }),
      root: 'otoroshi',
      lookEvery: 5000,
    }),
  )
})
