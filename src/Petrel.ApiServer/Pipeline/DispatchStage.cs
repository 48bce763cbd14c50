using Petrel.ApiServer.Dispatching;
using Petrel.Model.Api;

namespace Petrel.ApiServer.Pipeline;

/// <summary>Answers the request: the last stage.</summary>
internal sealed class DispatchStage(Router router) : IRequestStage
{
    /// <inheritdoc/>
    public ValueTask<ApiResponse?> EnterAsync(RequestContext context) =>
        router.RouteAsync(context.Info, context.Request, context.CancellationToken)!;
}
