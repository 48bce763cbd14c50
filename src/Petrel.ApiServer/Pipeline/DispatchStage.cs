using Petrel.ApiServer.Dispatching;
using Petrel.ApiServer.Responses;
using Petrel.Model.Api;

namespace Petrel.ApiServer.Pipeline;

/// <summary>Answers the request: the last stage.</summary>
internal sealed class DispatchStage(Router router) : IRequestStage
{
    /// <inheritdoc/>
    public ValueTask<ApiResponse?> EnterAsync(RequestContext context) =>
        YamlForm.AnswerAsync(context.Request, request => router.RouteAsync(context.Info, request, context.CancellationToken))!;
}
