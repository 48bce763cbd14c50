using System.Text;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Authentication;
using Petrel.ApiServer.Caching;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Kinds.Core;
using Petrel.ApiServer.Maintenance;
using Petrel.ApiServer.Objects;
using Petrel.ApiServer.Requests;
using Petrel.ApiServer.Verbs;
using Petrel.Model;
using Petrel.Model.Documents;
using Petrel.Store;

namespace Petrel.ApiServer.Reconciliation;

/// <summary>
/// Keeps the Secrets of type <c>kubernetes.io/service-account-token</c> (upstream: the tokens controller): fills in the token, the
/// cluster's authority and the namespace, and deletes Secrets whose account does not exist.
/// </summary>
internal sealed class AccountSecrets(
    ApiServerOptions options,
    IRevisionedStore store,
    CacheHub caches,
    BackgroundRetry retry,
    ServiceAccountTokens tokens,
    UpdateEngine updates,
    DeleteEngine deletions
)
{
    private const string AccountName = "kubernetes.io/service-account.name";
    private const string AccountUid = "kubernetes.io/service-account.uid";

    private readonly ReconcileLoop _loop = new("service account tokens", SecretKind.Definition, caches, retry);

    /// <summary>Reconciles until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var accounts = caches.Of(ServiceAccountKind.Definition);
        accounts.BeginWatch(_loop.Signal);
        try
        {
            await _loop.RunAsync(RunOnceAsync, cancellationToken);
        }
        finally
        {
            accounts.EndWatch(_loop.Signal);
        }
    }

    private async ValueTask RunOnceAsync(CancellationToken cancellationToken)
    {
        var snapshot = caches.Of(SecretKind.Definition).Current;
        foreach (var item in snapshot.Between(0, snapshot.Objects.Count))
        {
            if (item.Field("type") == SecretKind.AccountToken)
            {
                await KeepAsync(item, cancellationToken);
            }
        }
    }

    private async ValueTask KeepAsync(WireObject item, CancellationToken cancellationToken)
    {
        var secret = DeepJson.Node(item.ToArray())!.AsObject();
        var account = new ObjectKey(item.Namespace, secret.Metadata().Child("annotations").Text(AccountName));
        // From the store: a cache that lags must not delete the Secret of a new account.
        var uid = await store.GetAsync(ServiceAccountKind.Definition.StoreKey(account), cancellationToken) is { } entry
            ? StoredDocument.Decode(entry).Metadata().Text("uid")
            : "";
        var stated = secret.Metadata().Child("annotations").Text(AccountUid);
        try
        {
            if (uid.Length == 0 || (stated.Length > 0 && stated != uid))
            {
                await deletions.RunAsync(
                    SecretKind.Definition,
                    new(item.Namespace, item.Name),
                    new DeleteOptions
                    {
                        PreconditionUid = secret.Metadata().Text("uid"),
                        PreconditionResourceVersion = item.Revision.ToString(),
                    },
                    WriteCall.OfServer("tokens-controller"),
                    cancellationToken
                );
            }
            else if (secret.Flag("immutable") != true && !IsFilled(secret, uid))
            {
                await FillAsync(item, account, uid, cancellationToken);
            }
        }
        catch (StatusException e) when (e.Reason is "NotFound" or "Conflict")
        {
            // It changed or is gone: the cache will show that, and wake the loop.
        }
    }

    private ValueTask<WireObject> FillAsync(WireObject item, ObjectKey account, string uid, CancellationToken cancellationToken) =>
        updates.RunAsync(
            SecretKind.Definition,
            new(item.Namespace, item.Name),
            UpdateScope.Server,
            WriteCall.OfServer("tokens-controller"),
            current =>
            {
                Fill(current, account, uid, item.Name);
                return current;
            },
            cancellationToken
        );

    private bool IsFilled(JsonObject secret, string uid)
    {
        var data = secret.Child("data");
        return secret.Metadata().Child("annotations").Text(AccountUid) == uid
            && data.Text("token").Length > 0
            && data.Text("namespace").Length > 0
            && (options.RootCertificates.Length == 0 || data.Text("ca.crt") == Encoded(options.RootCertificates));
    }

    private void Fill(JsonObject secret, ObjectKey account, string uid, string name)
    {
        secret.Metadata().Ensure("annotations")[AccountUid] = uid;
        var data = secret.Ensure("data");
        if (options.RootCertificates.Length > 0)
        {
            data["ca.crt"] = Encoded(options.RootCertificates);
        }
        data.Fill("namespace", Encoded(account.Namespace));
        data.Fill("token", Encoded(tokens.IssueForSecret(account, uid, name)));
    }

    private static string Encoded(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
