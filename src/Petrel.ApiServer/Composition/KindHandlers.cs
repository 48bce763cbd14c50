using Petrel.ApiServer.Dispatching;
using Petrel.ApiServer.Health;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Kinds.Core;
using Petrel.ApiServer.Kinds.Metrics;
using Petrel.ApiServer.Kinds.Reviews;
using Petrel.ApiServer.ResourceMetrics;
using Petrel.ApiServer.Reviews;

namespace Petrel.ApiServer.Composition;

/// <summary>The kinds that are not stored objects, each with the handler that answers for it.</summary>
internal static class KindHandlers
{
    public static IReadOnlyDictionary<KindDefinition, IResourceHandler> Create(ServerComponents components)
    {
        var (options, caches, time) = (components.Parameters.Options, components.Parameters.Caches, components.Parameters.Time);
        var (authorizer, lists, usage) = (components.Authorizer, components.List, components.Usage);
        return new Dictionary<KindDefinition, IResourceHandler>(ReferenceEqualityComparer.Instance)
        {
            [ReviewKinds.SelfSubject] = new SelfSubjectReviews(time),
            [ReviewKinds.SelfSubjectRules] = new SelfSubjectRulesReviews(authorizer),
            [ReviewKinds.SelfSubjectAccess] = new SubjectAccessReviews(authorizer, ReviewSubject.Caller, ReviewScope.Cluster),
            [ReviewKinds.SubjectAccess] = new SubjectAccessReviews(authorizer, ReviewSubject.Stated, ReviewScope.Cluster),
            [ReviewKinds.LocalSubjectAccess] = new SubjectAccessReviews(authorizer, ReviewSubject.Stated, ReviewScope.Namespace),
            [ReviewKinds.Token] = new TokenReviews(options, components.Authenticator),
            [ComponentStatusKind.Definition] = new ComponentStatusHandler(
                caches,
                components.Parameters.Store,
                time,
                lists,
                components.Parameters.Components
            ),
            [UsageKinds.Pods] = new UsageHandler(PodKind.Definition, usage.MeasurePods, caches, time, lists),
            [UsageKinds.Nodes] = new UsageHandler(NodeKind.Definition, usage.MeasureNodes, caches, time, lists),
        };
    }
}
