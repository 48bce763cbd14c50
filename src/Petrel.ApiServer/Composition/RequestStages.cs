using Petrel.ApiServer.Authentication;
using Petrel.ApiServer.Discovery;
using Petrel.ApiServer.Dispatching;
using Petrel.ApiServer.Health;
using Petrel.ApiServer.OpenApi;
using Petrel.ApiServer.Pipeline;
using Petrel.ApiServer.ResourceMetrics;
using Petrel.ApiServer.ServerMetrics;
using Petrel.ApiServer.Subresources;
using Petrel.ApiServer.Verbs;

namespace Petrel.ApiServer.Composition;

/// <summary>
/// What every request passes, in order. A new stage costs its file and its row: what audits or traces requests belongs before
/// authorization, so that it sees refusals too.
/// </summary>
internal static class RequestStages
{
    public static List<IRequestStage> Create(ServerComponents components, HealthPaths health) =>
        [
            new HealthStage(health),
            new AuthenticateStage(components.Authenticator),
            new ImpersonateStage(new Impersonator(components.Authorizer)),
            new MeasureStage(components.Metrics, components.Parameters.Time),
            new LimitStage(components.Limits),
            new AuthorizeStage(components.Authorizer),
            new ReadBodyStage(components.Parameters.Options.MaxBodyBytes),
            new DispatchStage(Router(components, health)),
        ];

    private static Router Router(ServerComponents components, HealthPaths health)
    {
        var (options, kinds) = (components.Parameters.Options, components.Parameters.Kinds);
        IPathHandler[] paths =
        [
            health,
            new DiscoveryDocuments(kinds),
            new OpenApiDocuments(kinds),
            new SwaggerDocument(kinds),
            new MetricsPath(components.Metrics, components.Limits, components.Parameters.Caches.Broken),
            new IssuerDocuments(options, components.Parameters.TokenKeys),
        ];
        return new(
            kinds,
            new StoredObjects(
                components.Get,
                components.List,
                components.Watch,
                components.Create,
                components.Update,
                components.Patch,
                components.Delete,
                components.DeleteCollection
            ),
            KindHandlers.Create(components),
            SubresourceTable.Create(components),
            [
                new BindingCollection(SubresourceTable.CreateBinding(components)),
                new SampledMetrics(kinds, components.Parameters.Caches, components.Parameters.Time),
            ],
            [new RootIndex(paths), .. paths]
        );
    }
}
