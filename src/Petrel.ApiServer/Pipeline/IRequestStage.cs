using Petrel.ApiServer.Errors;
using Petrel.Model.Api;

namespace Petrel.ApiServer.Pipeline;

/// <summary>
/// One step that every request passes. The stages are a list (<c>Composition/RequestStages.cs</c>): each is entered in order until one
/// answers, and left in reverse order when the response is known.
/// </summary>
internal interface IRequestStage
{
    /// <summary>Checks or changes the request. A response ends the pipeline; null passes the request on.</summary>
    /// <exception cref="StatusException">The request is refused: the pipeline answers with the Status.</exception>
    ValueTask<ApiResponse?> EnterAsync(RequestContext context);

    /// <summary>
    /// Runs after the response is known, also when the stage itself refused the request. Must not throw.
    /// </summary>
    /// <param name="context">The request.</param>
    /// <param name="response">The response, errors included; null when the client has gone and there is none.</param>
    void Leave(RequestContext context, ApiResponse? response) { }
}
