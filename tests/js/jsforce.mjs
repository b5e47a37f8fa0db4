// jsforce as its users call it, against the sandbox: every step's result is written out as one JSON object.
import jsforce from 'jsforce';

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const { ready, version } = JSON.parse(Buffer.concat(chunks).toString('utf8'));
const seen = {};

const byKey = new jsforce.Connection({
  instanceUrl: ready.instance_url,
  loginUrl: ready.instance_url,
  oauth2: { clientId: ready.client_id, clientSecret: ready.client_secret, loginUrl: ready.instance_url },
  version,
});
const user = await byKey.authorize({ grant_type: 'client_credentials' });
seen.login = { organizationId: user.organizationId, id: user.id };

const conn = new jsforce.Connection({
  instanceUrl: ready.instance_url,
  accessToken: ready.session_id,
  version,
});
seen.identity = (await conn.identity()).username;
seen.versions = (await conn.request('/services/data')).length;

// rows
const made = await conn.sobject('Lead').create({ LastName: 'Ash', Company: 'Köln & Co' });
await conn.sobject('Lead').update({ Id: made.id, City: 'Bonn' });
seen.row = await conn.sobject('Lead').retrieve(made.id);
const several = Array.from({ length: 3 }, (_, n) => ({ LastName: `L${n}`, Company: 'Acme' }));
seen.created = (await conn.sobject('Lead').create([...several, { Company: 'nobody' }], { allOrNone: false }))
  .map((result) => result.success);
seen.missing = await conn.sobject('Lead').retrieve('00Q000000000000EAA').catch((error) => error.errorCode);
seen.refused = await conn.sobject('Lead').create({ Company: 'nobody' }).catch((error) => error.errorCode);
seen.upserted = [];
for (const name of ['New', 'Known']) {
  const result = await conn.sobject('Lead').upsert({ Ext__c: 'x 1', LastName: name, Company: 'U' }, 'Ext__c');
  seen.upserted.push(result.created);
}
const gone = await conn.sobject('Lead').create({ LastName: 'Gone', Company: 'G' });
seen.deleted = (await conn.sobject('Lead').destroy(gone.id)).success;

// queries
const page = await conn.query('SELECT Id, Owner.Name FROM Contact', { autoFetch: false });
seen.page = { done: page.done, records: page.records.length, owner: page.records[0].Owner.Name };
seen.more = (await conn.queryMore(page.nextRecordsUrl)).records.length;
const all = await conn.query('SELECT Id FROM Contact', { autoFetch: true, maxFetch: 10000 });
seen.all = new Set(all.records.map((record) => record.Id)).size;
seen.found = await conn
  .sobject('Lead')
  .find({ LastName: { $like: 'L%' }, Company: 'Acme' }, ['LastName'])
  .sort({ LastName: -1 })
  .limit(2);
seen.count = await conn.sobject('Lead').count({ Company: 'Acme' });
seen.searched = (await conn.search('FIND {Bonn} IN ALL FIELDS RETURNING Lead(Id, LastName)')).searchRecords;

// describe, limits, changes
seen.described = (await conn.sobject('Lead').describe()).fields.some((field) => field.name === 'Ext__c');
seen.global = (await conn.describeGlobal()).sobjects.length;
seen.limits = (await conn.limits()).DailyApiRequests.Max;
seen.usage = conn.limitInfo.apiUsage.limit;
const hour = 3600 * 1000;
seen.updated = (await conn.sobject('Lead').updated(new Date(Date.now() - hour), new Date(Date.now() + hour))).ids;

// composite
seen.composite = await conn.requestPost(`/services/data/v${version}/composite`, {
  allOrNone: true,
  compositeRequest: [
    {
      method: 'POST',
      url: `/services/data/v${version}/sobjects/Account`,
      referenceId: 'a',
      body: { Name: 'Composite' },
    },
    {
      method: 'POST',
      url: `/services/data/v${version}/sobjects/Contact`,
      referenceId: 'c',
      body: { LastName: 'Composite', AccountId: '@{a.id}' },
    },
  ],
});

// bulk 2.0
conn.bulk2.pollInterval = 10;
conn.bulk2.pollTimeout = 10000;
const loaded = await conn.bulk2.loadAndWaitForResults({
  object: 'Lead',
  operation: 'insert',
  input: [
    { LastName: 'Bulk "1"', Company: 'Line\nbreak' },
    { LastName: 'Bulk 2', Company: '' },
  ],
});
seen.bulk = {
  good: loaded.successfulResults.map((row) => [row.LastName, row.sf__Created]),
  bad: loaded.failedResults.map((row) => row.sf__Error),
  left: loaded.unprocessedRecords.length,
};
const rows = await conn.bulk2.query("SELECT LastName, Company FROM Lead WHERE LastName LIKE 'Bulk%'");
seen.bulkRows = await rows.toArray();

process.stdout.write(JSON.stringify(seen));
