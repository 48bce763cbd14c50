using k8s;
using k8s.Models;

namespace Petrel.Controllers.Deployments;

/// <summary>Copies of objects that are shared with others.</summary>
internal static class DeepCopy
{
    /// <summary>A deep copy.</summary>
    public static T Of<T>(T value) => KubernetesJson.Deserialize<T>(KubernetesJson.Serialize(value));

    /// <summary>A copy of a map that may be absent.</summary>
    public static Dictionary<string, string> Map(IDictionary<string, string>? map) => map is null ? [] : new(map, StringComparer.Ordinal);

    /// <summary>A copy of a ReplicaSet, whose annotations can be changed.</summary>
    public static V1ReplicaSet WithAnnotations(V1ReplicaSet value)
    {
        var copy = Of(value);
        copy.Metadata.Annotations = Map(copy.Metadata.Annotations);
        return copy;
    }
}
