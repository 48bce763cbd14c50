using System.Text.Json.Nodes;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Admission.PodSecurity;

/// <summary>Warns a user who makes a namespace stricter about existing pods that the new policy would refuse.</summary>
internal static class NamespaceReview
{
    /// <summary>How many pods are checked, one of each controller first.</summary>
    public const int MaxPods = 3000;

    /// <summary>Whether the new policy can refuse pods that the old one allowed.</summary>
    public static bool IsStricter(SecurityPolicy policy, SecurityPolicy old) =>
        policy.Enforce != old.Enforce
        && policy.Enforce.Level != SecurityLevel.Privileged
        && (policy.Enforce.Version != old.Enforce.Version || policy.Enforce.Level > old.Enforce.Level);

    /// <summary>The warnings about <paramref name="pods"/>.</summary>
    public static IReadOnlyList<string> Warnings(string namespaceName, LevelVersion enforced, IReadOnlyList<JsonObject> pods)
    {
        var byReasons = new SortedDictionary<string, List<string>>(StringComparer.Ordinal);
        foreach (var pod in DifferentFirst(pods).Take(MaxPods))
        {
            var violations = PodSecurityStandard.Check(enforced, pod.Child("metadata"), pod.Child("spec"));
            if (violations.Count > 0)
            {
                var reasons = string.Join(", ", violations.Select(v => v.Reason));
                if (!byReasons.TryGetValue(reasons, out var names))
                {
                    byReasons[reasons] = names = [];
                }
                names.Add(pod.Child("metadata").Text("name"));
            }
        }
        var warnings = new List<string>();
        if (pods.Count > MaxPods)
        {
            warnings.Add($"new PodSecurity enforce level only checked against the first {MaxPods} of {pods.Count} existing pods");
        }
        if (byReasons.Count > 0)
        {
            warnings.Add($"existing pods in namespace \"{namespaceName}\" violate the new PodSecurity enforce level \"{enforced}\"");
        }
        return [.. warnings, .. byReasons.Select(r => $"{Who(r.Value)}: {r.Key}").Order(StringComparer.Ordinal)];
    }

    private static string Who(List<string> names)
    {
        var first = names.Min(StringComparer.Ordinal);
        return names.Count switch
        {
            1 => first!,
            2 => $"{first} (and 1 other pod)",
            _ => $"{first} (and {names.Count - 1} other pods)",
        };
    }

    // Pods of one controller are alike: check one of each first.
    private static IEnumerable<JsonObject> DifferentFirst(IReadOnlyList<JsonObject> pods)
    {
        var seen = new HashSet<string>();
        var alike = new List<JsonObject>();
        foreach (var pod in pods)
        {
            var controller = pod.Child("metadata").Objects("ownerReferences").FirstOrDefault(o => o.Flag("controller") == true);
            if (controller is null || seen.Add(controller.Text("uid")))
            {
                yield return pod;
            }
            else
            {
                alike.Add(pod);
            }
        }
        foreach (var pod in alike)
        {
            yield return pod;
        }
    }
}
