using Petrel.Model.Documents;
using Petrel.Model.Selectors;

namespace Petrel.ApiServer.Kinds.Validation;

/// <summary>What names of resources may be, where containers, limits and quotas count them.</summary>
internal static class ResourceNames
{
    private static readonly string[] OfContainers = ["cpu", "memory", "ephemeral-storage"];

    // What is counted in whole ones.
    private static readonly string[] Counts =
    [
        "pods",
        "services",
        "replicationcontrollers",
        "resourcequotas",
        "secrets",
        "configmaps",
        "persistentvolumeclaims",
        "services.nodeports",
        "services.loadbalancers",
    ];

    private static readonly string[] OfQuotas =
    [
        .. Counts,
        "cpu",
        "memory",
        "ephemeral-storage",
        "requests.cpu",
        "requests.memory",
        "requests.storage",
        "requests.ephemeral-storage",
        "limits.cpu",
        "limits.memory",
        "limits.ephemeral-storage",
    ];

    /// <summary>Whether quotas count the resource under this name, which has no domain.</summary>
    public static bool IsForQuotas(string name) =>
        OfQuotas.Contains(name)
        || name.StartsWith("hugepages-", StringComparison.Ordinal)
        || name.StartsWith("requests.hugepages-", StringComparison.Ordinal);

    /// <summary>Whether a node may promise more of it than it has.</summary>
    public static bool MayOvercommit(string name) =>
        !name.Contains('/', StringComparison.Ordinal) && !name.StartsWith("hugepages-", StringComparison.Ordinal);

    /// <summary>Any resource: a standard one, or one with a domain.</summary>
    public static void Any(string name, string path, FieldErrors errors)
    {
        if (LabelSyntax.KeyProblem(name) is { } problem)
        {
            errors.Invalid(path, name, problem);
        }
        else if (!name.Contains('/', StringComparison.Ordinal) && !IsForQuotas(name) && name != "storage")
        {
            errors.Invalid(path, name, "must be a standard resource type or fully qualified");
        }
    }

    /// <summary>A resource that containers use.</summary>
    public static void OfContainer(string name, string path, FieldErrors errors)
    {
        Any(name, path, errors);
        if (
            !name.Contains('/', StringComparison.Ordinal)
            && !OfContainers.Contains(name)
            && !name.StartsWith("hugepages-", StringComparison.Ordinal)
        )
        {
            errors.Invalid(path, name, "must be a standard resource for containers");
        }
    }

    /// <summary>A resource that quotas count, and how much of it there may be.</summary>
    public static void OfQuota(string name, string amount, string path, FieldErrors errors)
    {
        Any(name, path, errors);
        if (!name.Contains('/', StringComparison.Ordinal) && !IsForQuotas(name))
        {
            errors.Invalid(path, name, "must be a standard resource for quota");
        }
        Quantities.NotNegative(amount, path, errors);
        var whole =
            Counts.Contains(name)
            || (
                name.Contains('/', StringComparison.Ordinal)
                && !name.Contains("kubernetes.io/", StringComparison.Ordinal)
                && !name.StartsWith("requests.", StringComparison.Ordinal)
            );
        if (whole && Quantity.TryParse(amount, out var quantity) && quantity != Quantity.FromValue(quantity.Value))
        {
            errors.Invalid(path, amount, "must be an integer");
        }
    }
}
