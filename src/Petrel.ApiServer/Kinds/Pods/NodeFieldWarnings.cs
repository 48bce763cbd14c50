using System.Text.Json.Nodes;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Kinds.Pods;

/// <summary>Warnings about fields of a pod that Petrel's agents do not apply yet, so that none of them is ignored in silence.</summary>
internal static class NodeFieldWarnings
{
    /// <param name="spec">The spec of a pod or of a template.</param>
    /// <param name="path">The path of the spec.</param>
    public static IEnumerable<string> Of(JsonObject spec, string path)
    {
        if (spec.Flag("shareProcessNamespace") == true)
        {
            yield return $"{path}.shareProcessNamespace: not supported by Petrel's agents yet: "
                + "containers do not see each other's processes";
        }
        if (spec.Flag("hostUsers") == false)
        {
            yield return $"{path}.hostUsers: not supported by Petrel's agents yet: they refuse the pod";
        }
        if (spec.Child("securityContext").List("sysctls") is { Count: > 0 })
        {
            yield return $"{path}.securityContext.sysctls: not supported by Petrel's agents yet: kernel parameters keep their values";
        }
        var contexts = new[] { "initContainers", "containers", "ephemeralContainers" }
            .SelectMany(list => spec.Indexed(list, path))
            .Select(c => (Context: c.Value.Child("securityContext"), Path: $"{c.Path}.securityContext"))
            .Prepend((Context: spec.Child("securityContext"), Path: $"{path}.securityContext"));
        foreach (var (context, at) in contexts)
        {
            if (context.Child("seLinuxOptions") is { Count: > 0 })
            {
                yield return $"{at}.seLinuxOptions: not supported by Petrel's agents: no SELinux label is applied";
            }
        }
    }
}
