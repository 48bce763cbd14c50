using System.Text.Json.Nodes;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Objects;
using Petrel.Model;

namespace Petrel.ApiServer.Admission;

/// <summary>
/// Objects are created only in namespaces that exist and are not ending; the system's own namespaces stay (upstream's
/// NamespaceLifecycle admission).
/// </summary>
internal static class NamespaceLifecycle
{
    private static readonly string[] Protected = ["default", "kube-system", "kube-public"];

    public static async ValueTask CheckCreateAsync(ServerParts parts, KindDefinition kind, ObjectKey key, CancellationToken cancellationToken)
    {
        if (!kind.Namespaced)
        {
            return;
        }
        var namespaces = parts.Kinds.Find("", "v1", "namespaces")!;
        var entry = await parts.Store.GetAsync(namespaces.StoreKey(new("", key.Namespace)), cancellationToken)
            ?? throw StatusErrors.NotFound(namespaces, key.Namespace);
        // Only an ending namespace is worth reading.
        if (entry.Value.Span.IndexOf("\"deletionTimestamp\""u8) >= 0
            && JsonNode.Parse(entry.Value.Span)!.AsObject().Metadata()["deletionTimestamp"] is not null)
        {
            throw StatusErrors.Forbidden(
                kind,
                key.Name,
                $"unable to create new content in namespace {key.Namespace} because it is being terminated",
                [
                    new JsonObject
                    {
                        ["reason"] = "NamespaceTerminating",
                        ["message"] = $"namespace {key.Namespace} is being terminated",
                        ["field"] = "metadata.namespace",
                    },
                ]);
        }
    }

    public static void CheckDelete(KindDefinition kind, string name)
    {
        if (kind.Gvk is { Group: "", Kind: "Namespace" } && Protected.Contains(name))
        {
            throw StatusErrors.Forbidden(kind, name, "this namespace may not be deleted");
        }
    }
}
