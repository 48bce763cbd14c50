using System.Collections.Frozen;

namespace Petrel.Model.Schema;

/// <summary>
/// The types and maps that are written as a whole (<c>x-kubernetes-map-type: atomic</c>), as the API reference lists them. The table is
/// reviewed by hand, because few types change.
/// </summary>
public static class AtomicStructs
{
    private static readonly FrozenSet<string> Types = FrozenSet.Create(
        StringComparer.Ordinal,
        "io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector",
        "io.k8s.apimachinery.pkg.apis.meta.v1.FieldSelectorRequirement",
        "io.k8s.apimachinery.pkg.apis.meta.v1.OwnerReference",
        "io.k8s.api.core.v1.ConfigMapKeySelector",
        "io.k8s.api.core.v1.EndpointAddress",
        "io.k8s.api.core.v1.EndpointPort",
        "io.k8s.api.core.v1.FileKeySelector",
        "io.k8s.api.core.v1.LocalObjectReference",
        "io.k8s.api.core.v1.NodeSelector",
        "io.k8s.api.core.v1.NodeSelectorTerm",
        "io.k8s.api.core.v1.ObjectFieldSelector",
        "io.k8s.api.core.v1.ObjectReference",
        "io.k8s.api.core.v1.ResourceFieldSelector",
        "io.k8s.api.core.v1.ScopeSelector",
        "io.k8s.api.core.v1.ScopedResourceSelectorRequirement",
        "io.k8s.api.core.v1.SecretKeySelector",
        "io.k8s.api.core.v1.SecretReference",
        "io.k8s.api.core.v1.TopologySelectorTerm",
        "io.k8s.api.core.v1.TypedLocalObjectReference",
        "io.k8s.api.admissionregistration.v1.MatchResources",
        "io.k8s.api.admissionregistration.v1.NamedRuleWithOperations",
        "io.k8s.api.admissionregistration.v1.ParamKind",
        "io.k8s.api.admissionregistration.v1.ParamRef",
        "io.k8s.api.admissionregistration.v1.Variable",
        "io.k8s.api.autoscaling.v1.CrossVersionObjectReference",
        "io.k8s.api.discovery.v1.EndpointPort",
        "io.k8s.api.networking.v1.ServiceBackendPort",
        "io.k8s.api.rbac.v1.RoleRef",
        "io.k8s.api.rbac.v1.Subject"
    );

    /// <summary>Whether values of the type are written as a whole.</summary>
    public static bool IsAtomic(SchemaType type) => type.IsAtomic || Types.Contains(type.Name);

    /// <summary>Whether a map is written as a whole. This is the case for selectors that are plain maps.</summary>
    public static bool IsAtomicMap(SchemaField field) =>
        field.IsAtomicMap || field is { IsMap: true, Kind: FieldKind.String, Name: "selector" or "nodeSelector" };
}
