using System.Text.Json.Nodes;
using Petrel.ApiServer.Authorization;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Requests;
using Petrel.Model;
using Petrel.Model.Api;
using Petrel.Model.Documents;
using Petrel.Store;

namespace Petrel.ApiServer.Admission.NodeRestriction;

/// <summary>
/// For whom an agent may request a pod's token (upstream: ServiceAccountNodeAudienceRestriction): for the audiences of the pod's projected
/// volumes, for those of its CSI drivers, and for those that RBAC allows with the verb <c>request-serviceaccounts-token-audience</c>.
/// </summary>
internal sealed class TokenAudiences(ApiServerOptions options, IRevisionedStore store, KindRegistry kinds, ClusterAuthorizer authorizer)
{
    private const string Verb = "request-serviceaccounts-token-audience";

    /// <summary>Why the token is refused, or null.</summary>
    public async ValueTask<string?> ProblemAsync(AdmissionRequest request, JsonObject pod, CancellationToken cancellationToken)
    {
        var asked = request.Object.Child("spec").Texts("audiences").ToList();
        // A request without an audience has that of the API by now, which volumes leave out.
        var audience = asked.Count == 0 || asked.SequenceEqual(options.ApiAudiences) ? "" : asked[0];
        if (asked.Count > Math.Max(1, options.ApiAudiences.Count))
        {
            return "node may only request 0 or 1 audiences";
        }
        if (OfVolumes(pod).Any(a => a == audience || (audience.Length == 0 && options.ApiAudiences.Contains(a))))
        {
            return null;
        }
        foreach (var driver in await DriversAsync(pod, cancellationToken))
        {
            if (
                await FindAsync("storage.k8s.io", "csidrivers", new("", driver), cancellationToken) is { } found
                && found.Child("spec").Objects("tokenRequests").Any(t => t.Text("audience") == audience)
            )
            {
                return null;
            }
        }
        var right = new RequestInfo("", true, Verb, "", "v1", request.Key.Namespace, audience, request.Key.Name);
        var question = new ApiRequest
        {
            Method = "POST",
            Path = "",
            User = request.Call.User,
        };
        return audience.Length > 0 && await authorizer.IsAllowedAsync(right, question, cancellationToken)
            ? null
            : $"audience \"{audience}\" not found in pod spec volume, and the node is not authorized to request tokens for it";
    }

    private static IEnumerable<string> OfVolumes(JsonObject pod) =>
        pod.Child("spec")
            .Objects("volumes")
            .SelectMany(volume => volume.Child("projected").Objects("sources"))
            .Where(source => source.Has("serviceAccountToken"))
            .Select(source => source.Child("serviceAccountToken").Text("audience"));

    // Of volumes in the pod itself, and of the volumes that its claims are bound to.
    private async ValueTask<IReadOnlyList<string>> DriversAsync(JsonObject pod, CancellationToken cancellationToken)
    {
        var drivers = new List<string>();
        var space = pod.Child("metadata").Text("namespace");
        foreach (var volume in pod.Child("spec").Objects("volumes"))
        {
            if (volume.Child("csi").Text("driver") is { Length: > 0 } inline)
            {
                drivers.Add(inline);
            }
            var claim = volume.Has("ephemeral")
                ? $"{pod.Child("metadata").Text("name")}-{volume.Text("name")}"
                : volume.Child("persistentVolumeClaim").Text("claimName");
            if (
                claim.Length > 0
                && await FindAsync("", "persistentvolumeclaims", new(space, claim), cancellationToken) is { } bound
                && bound.Child("spec").Text("volumeName") is { Length: > 0 } name
                && await FindAsync("", "persistentvolumes", new("", name), cancellationToken) is { } found
                && found.Child("spec").Child("csi").Text("driver") is { Length: > 0 } driver
            )
            {
                drivers.Add(driver);
            }
        }
        return drivers;
    }

    private async ValueTask<JsonObject?> FindAsync(string group, string plural, ObjectKey key, CancellationToken cancellationToken) =>
        kinds.Find(group, "v1", plural) is { } kind ? await AdmissionReads.FindAsync(store, kind, key, cancellationToken) : null;
}
