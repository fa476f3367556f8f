using Microsoft.Playwright;

namespace Holdfast.Pages.Tests;

/// <summary>What one person does in a browser, with what it fetched and what the browser complained about.</summary>
internal sealed class Visit : IAsyncDisposable
{
    private const string Check = """
        async () => {
          const found = await axe.run({
            runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'], resultTypes: ['violations'], preload: false,
          });
          return found.violations.flatMap(rule => rule.nodes.map(node => `${rule.id}: ${node.html.slice(0, 160)} ${node.failureSummary.replace(/\s+/g, ' ').slice(0, 300)}`));
        }
        """;

    private readonly Uri host;
    private readonly string axe;
    private readonly Func<Task> leave;
    private readonly List<string> requests = [];
    private readonly List<string> complaints = [];

    /// <param name="axe">axe-core as a script.</param>
    /// <param name="leave">Gives the page back.</param>
    public Visit(IPage page, Uri host, string axe, Func<Task> leave)
    {
        (Page, this.host, this.axe, this.leave) = (page, host, axe, leave);
        Page.Request += Fetches;
        Page.Console += Says;
        Page.PageError += Fails;
    }

    public IPage Page { get; }

    public IReadOnlyList<string> Requests => requests;

    public IReadOnlyList<string> Complaints => complaints;

    public async Task ToAsync(string path) => await Page.GotoAsync(new Uri(host, path).AbsoluteUri);

    /// <summary>Shows all that is there on demand.</summary>
    public async Task UnfoldAsync() => await Page.EvaluateAsync("() => document.querySelectorAll('details').forEach(one => one.open = true)");

    /// <summary>Ends when what the act leads to is here.</summary>
    public async Task<Uri> GoAsync(Func<IPage, Task> act)
    {
        var gone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Page.FrameNavigated += Arrived;
        await act(Page);
        await gone.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Page.FrameNavigated -= Arrived;
        await Page.WaitForLoadStateAsync();
        return new(Page.Url);

        void Arrived(object? sender, IFrame frame) => _ = frame == Page.MainFrame && gone.TrySetResult();
    }

    /// <summary>What axe-core finds on the page as it is now.</summary>
    public async Task<string[]> FaultsAsync()
    {
        if (!await Page.EvaluateAsync<bool>("() => 'axe' in window"))
        {
            await Page.EvaluateAsync(axe);
        }

        return await Page.EvaluateAsync<string[]>(Check);
    }

    public async ValueTask DisposeAsync()
    {
        Page.Request -= Fetches;
        Page.Console -= Says;
        Page.PageError -= Fails;
        await leave();
    }

    private void Fetches(object? sender, IRequest request) => requests.Add(request.Url);

    private void Says(object? sender, IConsoleMessage line) => complaints.Add(line.Text);

    private void Fails(object? sender, string error) => complaints.Add(error);
}
