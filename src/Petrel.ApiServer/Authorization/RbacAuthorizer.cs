using Petrel.ApiServer.Caching;
using Petrel.ApiServer.Requests;
using Petrel.Model.Api;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Authorization;

/// <summary>
/// Role-based access control (rbac.authorization.k8s.io): what is not allowed by some role that the user has is not allowed.
/// </summary>
internal sealed class RbacAuthorizer(CacheHub caches)
{
    private volatile RbacIndex? _index;

    /// <summary>The rules that a user has in a namespace, and cluster-wide.</summary>
    public IEnumerable<PolicyRule> RulesOf(UserInfo user, string namespaceName) => Index().Of(user, namespaceName).SelectMany(g => g.Rules);

    public async ValueTask<bool> IsAllowedAsync(RequestInfo info, UserInfo user, CancellationToken cancellationToken)
    {
        if (Allows(info, user))
        {
            return true;
        }
        // A right that was given a moment ago counts: nobody is refused by an old state.
        await caches.WaitUntilCurrentAsync(cancellationToken);
        return Allows(info, user);
    }

    /// <summary>What is wrong with the user's roles, to be told with a refusal; empty when nothing is.</summary>
    public string Problems(RequestInfo info, UserInfo user)
    {
        var missing = Index().Of(user, info.Namespace).Select(g => g.Missing).Where(m => m.Length > 0).Distinct().ToList();
        return missing.Count == 0 ? "" : $": RBAC: {(missing.Count == 1 ? missing[0] : $"[{string.Join(", ", missing)}]")}";
    }

    private bool Allows(RequestInfo info, UserInfo user)
    {
        foreach (var grant in Index().Of(user, info.Namespace))
        {
            foreach (var rule in grant.Rules)
            {
                if (rule.Allows(info))
                {
                    return true;
                }
            }
        }
        return false;
    }

    // Made again when a role or binding has changed, and only then.
    private RbacIndex Index()
    {
        var source = RbacIndex.Read(caches);
        var index = _index;
        if (index is null || !index.Source.Zip(source).All(p => ReferenceEquals(p.First.Objects, p.Second.Objects)))
        {
            _index = index = RbacIndex.Build(source);
        }
        return index;
    }
}
