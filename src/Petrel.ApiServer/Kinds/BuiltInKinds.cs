using Petrel.ApiServer.Kinds.Apps;
using Petrel.ApiServer.Kinds.Coordination;
using Petrel.ApiServer.Kinds.Core;
using Petrel.ApiServer.Kinds.Discovery;
using Petrel.Model;
using Petrel.Model.Schema;

namespace Petrel.ApiServer.Kinds;

/// <summary>The rows of <see cref="KindRegistry.BuiltIn"/>: one file each, named after the kind.</summary>
internal static class BuiltInKinds
{
    public static IEnumerable<KindDefinition> All() =>
    [
        ConfigMapKind.Definition,
        EventKind.Definition,
        NamespaceKind.Definition,
        NodeKind.Definition,
        PodKind.Definition,
        SecretKind.Definition,
        ServiceKind.Definition,
        ServiceAccountKind.Definition,
        DeploymentKind.Definition,
        ReplicaSetKind.Definition,
        LeaseKind.Definition,
        EndpointSliceKind.Definition,
    ];

    /// <summary>A row with what follows from the names alone.</summary>
    public static KindDefinition Row(string group, string version, string kind, string plural, bool namespaced)
    {
        var gvk = new GroupVersionKind(group, version, kind);
        return new KindDefinition
        {
            Gvk = gvk,
            Plural = plural,
            Singular = kind.ToLowerInvariant(),
            Namespaced = namespaced,
            Schema = KubernetesSchemas.ForKind(gvk) ?? throw new InvalidOperationException($"there is no schema for {gvk}"),
        };
    }
}
