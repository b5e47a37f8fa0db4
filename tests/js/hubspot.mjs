// @hubspot/api-client as its users call it, against the sandbox: every step's result goes out in one JSON object.
import { Client } from '@hubspot/api-client';

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const { ready } = JSON.parse(Buffer.concat(chunks).toString('utf8'));
const client = new Client({ accessToken: ready.access_token, basePath: ready.base_url });
const { contacts, companies, associations, owners, properties, pipelines } = client.crm;
const seen = {};
const code = async (promise) => {
  try {
    await promise;
    return 'no error';
  } catch (error) {
    return [error.code, error.body?.category ?? null];
  }
};

// contacts
const made = await contacts.basicApi.create({ properties: { email: 'Ada@Example.com', firstname: 'Ada' } });
await contacts.basicApi.update(made.id, { properties: { phone: '1' } });
await contacts.basicApi.update(made.id, { properties: { phone: '2' } });
const read = await contacts.basicApi.getById('ada@example.com', ['phone'], ['phone'], undefined, false, 'email');
seen.read = {
  same: read.id === made.id,
  phone: read.properties.phone,
  history: read.propertiesWithHistory.phone.map((version) => version.value),
  created: read.createdAt instanceof Date,
};
await contacts.basicApi.archive(made.id);
seen.archived = {
  gone: await code(contacts.basicApi.getById(made.id)),
  kept: (await contacts.basicApi.getPage(10, undefined, undefined, undefined, undefined, true)).results.length,
};

// batches
const rows = Array.from({ length: 5 }, (_, n) => ({ properties: { email: `p${n}@example.com`, city: 'Bonn' } }));
const batch = await contacts.batchApi.create({ inputs: rows });
const ids = batch.results.map((row) => row.id).sort();
const written = await contacts.batchApi.update({ inputs: ids.map((id) => ({ id, properties: { city: 'Ulm' } })) });
const known = await contacts.batchApi.read({
  properties: ['city'],
  propertiesWithHistory: [],
  inputs: [...ids.map((id) => ({ id })), { id: '999999' }],
});
const upserted = await contacts.batchApi.upsert({
  inputs: ['p0@example.com', 'new@example.com'].map((id) => ({
    id,
    idProperty: 'email',
    properties: { email: id, city: 'Jena' },
  })),
});
seen.batches = {
  created: [batch.status, batch.results.length],
  updated: written.results.map((row) => row.properties.city),
  read: [known.results.length, known.numErrors, known.errors[0].category],
  upserted: upserted.results.map((row) => row._new ?? row.new).sort(),
  taken: await code(contacts.batchApi.create({ inputs: rows })),
};

// paging and search
const page = await contacts.basicApi.getPage(2, undefined, ['email']);
const next = await contacts.basicApi.getPage(2, page.paging.next.after, ['email']);
const found = await contacts.searchApi.doSearch({
  filterGroups: [{ filters: [{ propertyName: 'city', operator: 'EQ', value: 'Ulm' }] }],
  sorts: ['email'],
  properties: ['email'],
  limit: 3,
  after: 0,
});
seen.pages = {
  first: page.results.length,
  overlap: next.results.some((row) => page.results.map((one) => one.id).includes(row.id)),
  all: (await contacts.getAll(2)).length,
};
seen.found = { total: found.total, emails: found.results.map((row) => row.properties.email), after: found.paging.next.after };

// associations v4
const company = await companies.basicApi.create({ properties: { name: 'Birch', domain: 'birch.example' } });
const labelled = [{ associationCategory: 'HUBSPOT_DEFINED', associationTypeId: 279 }];
await associations.v4.basicApi.create('contacts', ids[0], 'companies', company.id, labelled);
await associations.v4.basicApi.createDefault('contacts', ids[1], 'companies', company.id);
const linked = await associations.v4.basicApi.getPage('companies', company.id, 'contacts');
const both = await associations.v4.batchApi.getPage('contacts', 'companies', { inputs: [{ id: ids[0] }, { id: ids[1] }] });
seen.associations = {
  linked: linked.results.map((row) => String(row.toObjectId)).sort(),
  batch: both.results.map((row) => row.to.length),
  expected: [ids[0], ids[1]],
};

// the portal
await properties.coreApi.create('contacts', {
  name: 'rating',
  label: 'Rating',
  type: 'number',
  fieldType: 'number',
  groupName: 'contactinformation',
});
const stages = await pipelines.pipelinesApi.getAll('deals');
seen.portal = {
  owners: (await owners.ownersApi.getPage()).results.length,
  property: (await properties.coreApi.getByName('contacts', 'rating')).type,
  all: (await properties.coreApi.getAll('contacts')).results.length > 100,
  stages: stages.results[0].stages.length > 3,
};

// errors
const wrong = new Client({ accessToken: 'pat-na1-wrong', basePath: ready.base_url });
seen.errors = {
  token: await code(wrong.crm.contacts.basicApi.getPage()),
  value: await code(contacts.basicApi.create({ properties: { no_such_property: '1' } })),
  twice: await code(contacts.basicApi.create({ properties: { email: 'p1@example.com' } })),
  unknown: await code(contacts.basicApi.getById('999999')),
};

// OAuth
const granted = await client.oauth.tokensApi.create(
  'refresh_token', undefined, undefined, ready.client_id, ready.client_secret, ready.refresh_token,
);
const app = new Client({ accessToken: granted.accessToken, basePath: ready.base_url });
seen.oauth = {
  kind: granted.tokenType,
  seconds: granted.expiresIn,
  works: (await app.crm.contacts.basicApi.getPage(1)).results.length,
  portal: String((await client.oauth.accessTokensApi.get(granted.accessToken)).hubId),
};

// anything else
const answer = await client.apiRequest({ method: 'GET', path: '/account-info/v3/details' });
seen.raw = String((await answer.json()).portalId);

process.stdout.write(JSON.stringify(seen));
