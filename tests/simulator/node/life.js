// A full life of a client: consent, create, query, update, void, delete, batch, changes; prints what it saw as JSON.
// Both libraries are as published; only their base addresses are set.
const assert = require("node:assert/strict");
const { promisify } = require("node:util");
const OAuthClient = require("intuit-oauth");
const QuickBooks = require("node-quickbooks");

const [base, realm] = process.argv.slice(2);
const callback = "http://localhost:8000/callback";

async function consent() {
  const document = await (await fetch(`${base}/.well-known/openid_configuration`)).json();
  OAuthClient.authorizeEndpoint = document.authorization_endpoint;
  OAuthClient.tokenEndpoint = document.token_endpoint;
  OAuthClient.revokeEndpoint = document.revocation_endpoint;
  const client = new OAuthClient({
    clientId: "simulator-client", clientSecret: "simulator-secret", environment: "sandbox", redirectUri: callback,
  });
  const page = new URL(client.authorizeUri({ scope: [OAuthClient.scopes.Accounting], state: "s-1" }));
  const form = new URLSearchParams(page.searchParams);
  form.set("realm_id", realm);
  form.set("decision", "allow");
  const answer = await fetch(base + page.pathname, { method: "POST", body: form, redirect: "manual" });
  const token = (await client.createToken(answer.headers.get("location"))).getJson();
  assert.equal(token.token_type, "bearer");
  await client.refresh();
  return client.getToken();
}

function client(token) {
  QuickBooks.V3_ENDPOINT_BASE_URL = `${base}/v3/company/`;
  const made = new QuickBooks(
    "simulator-client", "simulator-secret", token.access_token, false, realm, true, false, 75, "2.0", token.refresh_token,
  );
  return new Proxy(made, { get: (target, name) => promisify(target[name]).bind(target) });
}

async function refused(promise, code) {
  try {
    await promise;
  } catch (error) {
    const fault = error.Fault || error.response?.data?.Fault || error.fault;
    assert.equal(fault.Error[0].code, code);
    return;
  }
  assert.fail(`expected ${code}`);
}

async function live() {
  const qbo = client(await consent());
  const customer = await qbo.createCustomer({ DisplayName: "Zoë's Kiosk", requestId: "node-1" });
  const again = await qbo.createCustomer({ DisplayName: "Zoë's Kiosk", requestId: "node-1" });
  assert.equal(again.Id, customer.Id);
  await refused(qbo.createVendor({ DisplayName: "zoë's kiosk" }), "6240");

  const line = (amount) => ({
    Amount: amount, DetailType: "SalesItemLineDetail", SalesItemLineDetail: { ItemRef: { value: "1" } },
  });
  const invoice = await qbo.createInvoice({ CustomerRef: { value: customer.Id }, Line: [line(100)] });
  assert.equal(invoice.Balance, 100);
  const payment = await qbo.createPayment({
    CustomerRef: { value: customer.Id }, TotalAmt: 40,
    Line: [{ Amount: 40, LinkedTxn: [{ TxnId: invoice.Id, TxnType: "Invoice" }] }],
  });
  assert.equal((await qbo.getInvoice(invoice.Id)).Balance, 60);

  const byName = await qbo.findCustomers({ DisplayName: "Zoë's Kiosk" });
  assert.equal(byName.QueryResponse.Customer[0].Id, customer.Id);
  const byId = await qbo.findCustomers([{ field: "Id", value: customer.Id, operator: "=" }]);
  assert.equal(byId.QueryResponse.Customer[0].DisplayName, "Zoë's Kiosk");
  assert.equal((await qbo.findInvoices({ count: true })).QueryResponse.totalCount, 1);

  const renamed = await qbo.updateCustomer({ Id: customer.Id, SyncToken: customer.SyncToken, sparse: true, DisplayName: "Kiosk" });
  assert.equal(renamed.DisplayName, "Kiosk");
  await refused(qbo.updateCustomer({ Id: customer.Id, SyncToken: "0", sparse: true, DisplayName: "Late" }), "5010");

  const batch = await qbo.batch([
    { bId: "1", operation: "create", Customer: { DisplayName: "From a batch" } },
    { bId: "2", Query: "select * from Invoice" },
    { bId: "3", operation: "delete", Payment: { Id: payment.Id, SyncToken: payment.SyncToken } },
  ]);
  assert.deepEqual(batch.BatchItemResponse.map((item) => item.bId), ["1", "2", "3"]);
  assert.equal((await qbo.getInvoice(invoice.Id)).Balance, 100);

  const changes = await qbo.changeDataCapture(["Customer", "Payment"], new Date(Date.now() - 60000));
  const [customers, payments] = changes.CDCResponse[0].QueryResponse;
  assert.ok(customers.Customer.length >= 2);
  assert.equal(payments.Payment[0].status, "Deleted");

  const now = await qbo.getInvoice(invoice.Id);
  const voided = await qbo.voidInvoice({ Id: now.Id, SyncToken: now.SyncToken });
  assert.equal((voided.Invoice || voided).TotalAmt, 0);
  const last = await qbo.getInvoice(invoice.Id);
  await qbo.deleteInvoice({ Id: last.Id, SyncToken: last.SyncToken });
  await refused(qbo.getInvoice(invoice.Id), "610");
  assert.equal((await qbo.getCompanyInfo(realm)).Country, "US");
  assert.equal((await qbo.getPreferences()).SalesFormsPrefs.CustomTxnNumbers, false);
  return { lived: true };
}

live().then(
  (saw) => console.log(JSON.stringify(saw)),
  (error) => {
    console.error(error.stack || JSON.stringify(error));
    process.exit(1);
  },
);
