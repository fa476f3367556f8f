using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Playwright;

[assembly: AssemblyFixture(typeof(Holdfast.Pages.Tests.Browsing))]
[assembly: AssemblyFixture(typeof(Holdfast.Pages.Tests.DeskServer))]

namespace Holdfast.Pages.Tests;

/// <summary>The system's Chromium and a server of the samples, for all browser tests at once.</summary>
public sealed class Browsing : IAsyncLifetime
{
    private static readonly string[] Places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"];

    // A window takes as long to make as ten pages to open, so each serves one visit after another.
    private readonly ConcurrentDictionary<(Screen, bool Scripts), ConcurrentBag<IPage>> free = [];

    private IPlaywright? playwright;
    private IBrowser? browser;
    private PageServer? server;

    /// <summary>axe-core as a script.</summary>
    public string Axe { get; private set; } = "";

    internal PageServer Server => server!;

    public async ValueTask InitializeAsync()
    {
        var chromium = Places.FirstOrDefault(File.Exists);
        if (chromium is null)
        {
            Assert.False(OperatingSystem.IsLinux(), "No Chromium is on this machine. Type: apt-get install -y chromium");
            return;
        }

        server = await PageServer.StartAsync();
        Axe = await ReadAxeAsync();
        playwright = await Playwright.CreateAsync();
        browser = await playwright.Chromium.LaunchAsync(new() { ExecutablePath = chromium, Args = ["--no-sandbox", "--disable-dev-shm-usage"] });
    }

    public async ValueTask DisposeAsync()
    {
        if (browser is not null)
        {
            await browser.CloseAsync();
        }

        playwright?.Dispose();
        if (server is not null)
        {
            await server.DisposeAsync();
        }
    }

    /// <summary>A sample in a browser as one person has it.</summary>
    internal Task<Visit> OpenAsync(string sample, Screen screen = Screen.Phone, ColorScheme colours = ColorScheme.Light, bool scripts = true) =>
        GoAsync(new(Server.Address), sample, screen, colours, scripts);

    /// <summary>A page of any host, for somebody who has been nowhere yet.</summary>
    internal async Task<Visit> GoAsync(Uri host, string path, Screen screen = Screen.Phone, ColorScheme colours = ColorScheme.Light, bool scripts = true)
    {
        Assert.SkipWhen(browser is null, "No Chromium and no Chrome is on this machine.");
        var bag = free.GetOrAdd((screen, scripts), _ => []);
        var page = bag.TryTake(out var used) ? used : await WindowAsync(screen, scripts);
        await page.EmulateMediaAsync(new() { ColorScheme = colours, Media = Media.Screen });
        var visit = new Visit(page, host, Axe, async () =>
        {
            await page.Context.ClearCookiesAsync();
            bag.Add(page);
        });
        await visit.ToAsync(path);
        return visit;
    }

    private async Task<IPage> WindowAsync(Screen screen, bool scripts)
    {
        var context = await browser!.NewContextAsync(new()
        {
            ViewportSize = screen == Screen.Phone ? new() { Width = 360, Height = 740 } : new() { Width = 1280, Height = 800 },
            ReducedMotion = ReducedMotion.Reduce, // or a colour on its way is measured
            JavaScriptEnabled = scripts, DeviceScaleFactor = screen == Screen.Phone ? 2 : 1, HasTouch = screen == Screen.Phone, IsMobile = screen == Screen.Phone,
        });
        return await context.NewPageAsync();
    }

    private static async Task<string> ReadAxeAsync()
    {
        var folder = Path.Combine(AppContext.BaseDirectory, "axe");
        var file = Path.Combine(folder, "node_modules", "axe-core", "axe.min.js");
        if (!File.Exists(file))
        {
            // The lock file says which bytes; nothing but them is installed.
            using var npm = Process.Start(new ProcessStartInfo(OperatingSystem.IsWindows() ? "npm.cmd" : "npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"]) { WorkingDirectory = folder })!;
            await npm.WaitForExitAsync();
            Assert.True(npm.ExitCode == 0, $"'npm ci' in {folder} ended with {npm.ExitCode}. Run it there by hand to see why.");
        }

        return await File.ReadAllTextAsync(file);
    }
}

public enum Screen
{
    Phone,
    Desk,
}
