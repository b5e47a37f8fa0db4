// Reads a JSON list of SOQL statements from standard input, answers with a list of booleans: is it valid?
import { isQueryValid } from '@jetstreamapp/soql-parser-js';

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const statements = JSON.parse(Buffer.concat(chunks).toString('utf8'));
process.stdout.write(JSON.stringify(statements.map((statement) => isQueryValid(statement))));
