using Petrel.Model.Documents;

namespace Petrel.Model.Quotas;

/// <summary>Finds the evaluator of a resource, and the resources whose objects a quota counts.</summary>
public static class QuotaEvaluators
{
    private static readonly PodEvaluator Pods = new();
    private static readonly ServiceEvaluator Services = new();
    private static readonly ClaimEvaluator Claims = new();

    private static readonly string[] CoreNames =
    [
        "pods",
        "services",
        "persistentvolumeclaims",
        "configmaps",
        "replicationcontrollers",
        "resourcequotas",
        "secrets",
    ];

    /// <summary>The evaluator for a resource; null for events, which quotas never count.</summary>
    public static IQuotaEvaluator? For(string group, string plural) =>
        (group, plural) switch
        {
            ("", "pods") => Pods,
            ("", "services") => Services,
            ("", "persistentvolumeclaims") => Claims,
            ("" or "events.k8s.io", "events") => null,
            _ => new CountEvaluator(group, plural),
        };

    /// <summary>
    /// The resource, by group and plural, whose objects a limit on <paramref name="resource"/> counts; null when there is none.
    /// </summary>
    public static (string Group, string Plural)? Counted(string resource)
    {
        if (resource.StartsWith("count/", StringComparison.Ordinal))
        {
            var named = resource["count/".Length..];
            var dot = named.IndexOf('.', StringComparison.Ordinal);
            return dot < 0 ? ("", named) : (named[(dot + 1)..], named[..dot]);
        }
        foreach (var plural in CoreNames)
        {
            if (For("", plural)!.Counts(resource))
            {
                return ("", plural);
            }
        }
        return null;
    }

    /// <summary>The name of a limit on the number of objects: <c>count/deployments.apps</c>.</summary>
    public static string CountName(string group, string plural) => group.Length == 0 ? $"count/{plural}" : $"count/{plural}.{group}";
}
