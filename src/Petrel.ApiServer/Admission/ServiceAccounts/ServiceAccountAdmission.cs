using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds;
using Petrel.Model;
using Petrel.Model.Determinism;
using Petrel.Model.Documents;
using Petrel.Store;

namespace Petrel.ApiServer.Admission.ServiceAccounts;

/// <summary>
/// Gives every new pod a service account, the default one when it names none. The account must exist; it provides the pod's pull
/// secrets and token (upstream's ServiceAccount admission).
/// </summary>
internal sealed class ServiceAccountAdmission(
    ApiServerOptions options,
    IRevisionedStore store,
    KindRegistry kinds,
    TimeProvider time,
    IEntropy entropy
) : IAdmissionPlugin
{
    private const string DefaultName = "default";

    // The controller creates a new namespace's default account shortly after the namespace: wait for it.
    private const int DefaultAttempts = 10;

    public string Name => "ServiceAccount";

    public bool Handles(AdmissionRequest request) =>
        request.Creates("", "pods")
        || (
            options.RequireServiceAccounts
            && request is { Operation: AdmissionOperation.Update, Subresource: "ephemeralcontainers" }
            && request.Is("", "pods")
        );

    public async ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.Operation != AdmissionOperation.Create)
        {
            return;
        }
        var spec = request.Object!.Ensure("spec");
        if (spec.Text("serviceAccountName").Length == 0 && spec.Text("serviceAccount") is { Length: > 0 } old)
        {
            spec["serviceAccountName"] = old;
        }
        if (IsMirror(request.Object!))
        {
            return;
        }
        spec.Fill("serviceAccountName", DefaultName);
        // Keep the deprecated field equal.
        spec["serviceAccount"] = spec.Text("serviceAccountName");
        if (!options.RequireServiceAccounts)
        {
            return;
        }
        var account = await FindAsync(request, cancellationToken);
        if (options.MountServiceAccountTokens && TokenVolume.IsWanted(account, spec))
        {
            TokenVolume.Mount(spec, () => entropy.NewNameSuffix());
        }
        if (!spec.Objects("imagePullSecrets").Any() && account.List("imagePullSecrets") is { Count: > 0 } secrets)
        {
            spec["imagePullSecrets"] = secrets.DeepClone();
        }
    }

    public async ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        var spec = request.Object.Child("spec")!;
        if (IsMirror(request.Object!))
        {
            if (MirrorProblem(spec) is { } why)
            {
                throw request.Forbidden(why);
            }
            return;
        }
        if (!options.RequireServiceAccounts)
        {
            return;
        }
        var account = await FindAsync(request, cancellationToken);
        var problem =
            !MountableSecrets.AreEnforced(account) ? null
            : request.Operation == AdmissionOperation.Create ? MountableSecrets.Problem(account, spec)
            : MountableSecrets.EphemeralProblem(account, spec);
        if (problem is not null)
        {
            throw request.Forbidden(problem);
        }
    }

    private static bool IsMirror(JsonObject pod) =>
        pod.Child("metadata").Child("annotations")?.ContainsKey("kubernetes.io/config.mirror") == true;

    // A mirror pod shows a static pod that its agent runs anyway. It must not gain access to an account or to secrets.
    private static string? MirrorProblem(JsonObject spec) =>
        spec.Text("serviceAccountName").Length > 0 ? "a mirror pod may not reference service accounts"
        : PodSpecReferences.Secrets(spec).Any() ? "a mirror pod may not reference secrets"
        : spec.Objects("volumes").SelectMany(v => v.Child("projected").Objects("sources")).Any(s => s.Has("serviceAccountToken"))
            ? "a mirror pod may not use ServiceAccountToken volume projections"
        : null;

    private async ValueTask<JsonObject> FindAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        var (space, name) = (request.Key.Namespace, request.Object.Child("spec").Text("serviceAccountName"));
        var accounts = kinds.Find("", "v1", "serviceaccounts")!;
        var pause = TimeSpan.FromMilliseconds(100 + entropy.Next(100));
        for (var attempt = 1; ; attempt++)
        {
            if (await AdmissionReads.FindAsync(store, accounts, new ObjectKey(space, name), cancellationToken) is { } account)
            {
                return account;
            }
            if (name != DefaultName || attempt == DefaultAttempts)
            {
                throw request.Forbidden($"error looking up service account {space}/{name}: serviceaccount \"{name}\" not found");
            }
            await Task.Delay(pause, time, cancellationToken);
        }
    }
}
