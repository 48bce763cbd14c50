using Petrel.ApiServer.Caching;
using Petrel.ApiServer.Requests;
using Petrel.Model.Api;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Authorization;

/// <summary>Role-based access control (rbac.authorization.k8s.io): a request is allowed if a role of the user allows it.</summary>
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
        // Before refusing, wait until the cache is current: a role may have been granted just now.
        await caches.WaitUntilCurrentAsync(cancellationToken);
        return Allows(info, user);
    }

    /// <summary>Problems with the user's bindings, such as missing roles, to report with a refusal; empty when there are none.</summary>
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

    // Rebuilt only after a role or binding has changed.
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
